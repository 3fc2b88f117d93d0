// Walking through the forward and the backward pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertTold, drawn, expected, node, open, seen, text } from './browser.mjs';

const press = async (page, key, times = 1) => { for (let i = 0; i < times; i += 1) await page.keyboard.press(key); };

test('the forward pass and then the backward pass, with the numbers of the drawing', async () => {
  const { page, close, picture } = await open('apples');
  await picture('apples');
  await press(page, 'ArrowRight');
  await page.waitForTimeout(250);
  assert.match(await text(page, '#story'), /forward\s*3 leaves\s*apple = 100, number = 2, tax = 1\.1\s*Their values are given/);
  assert.deepEqual(await seen(page, 'value'), ['100', '2', '1.1']);
  assert.deepEqual(await seen(page, 'gradient'), []);
  await press(page, 'ArrowRight');
  assert.match(await text(page, '#story'), /n3 = apple × number = 100 × 2 = 200/);
  await page.waitForTimeout(250);
  await picture('apples_forward');
  await press(page, 'ArrowLeft');
  assert.match(await text(page, '#story'), /tax = 1\.1/);
  assert.equal(await text(page, '#where'), 'step 1 of 9');
  await press(page, 'ArrowRight', 3);
  assert.match(await text(page, '#story'), /backward[^]*dy = 1/);
  await press(page, 'ArrowRight');
  assert.match(await text(page, '#story'), /∂price\/∂n3 = tax = 1\.1, upstream 1, together 1\.1[^]*∂price\/∂tax = n3 = 200, upstream 1, together 200/);
  await press(page, 'ArrowRight');
  assert.match(await text(page, '#story'), /dy = 1\.1[^]*∂n3\/∂apple = number = 2, upstream 1\.1, together 2\.2[^]*∂n3\/∂number = apple = 100, upstream 1\.1, together 110/);
  await page.waitForTimeout(250);
  await picture('apples_backward');
  await press(page, 'End');
  await page.waitForTimeout(250);
  const gradients = await seen(page, 'gradient');
  for (const number of ['2.2', '110', '200']) assert.ok(gradients.includes(number), `${number} of ${gradients}`);
  assert.match(await text(page, '#story'), /gradient of apple = 2\.2/);
  await press(page, 'Home');
  assert.equal(await text(page, '#where'), 'step 1 of 9');
  await press(page, 'Escape');
  assert.equal(await page.locator('.pale').count(), 0);
  assert.equal(await text(page, '#where'), '9 steps');
  await close();
});

test('play goes on by itself, and pauses', async () => {
  const { page, close } = await open('apples');
  await press(page, 'Space');
  assert.equal(await text(page, '#play'), 'Pause');
  await page.waitForFunction(() => document.getElementById('where').textContent === 'step 2 of 9', null, { timeout: 30000 });
  await press(page, 'Space');
  assert.equal(await text(page, '#play'), 'Play');
  await close();
});

test('at the end of the backward pass every number is the tape\'s', async () => {
  for (const name of ['apples', 'fan_out']) {
    const { page, close } = await open(name);
    await press(page, 'End');
    assert.match(await text(page, '#story'), /backward/);
    let compared = 0;
    for (const [id, { value, gradient }] of Object.entries(expected[name])) {
      const shape = node(page, id);
      if (await shape.count() === 0) continue;
      await shape.focus();
      await press(page, 'Enter');
      const facts = Object.fromEntries(await page.$$eval('#panel dl', ([list]) => [...list.querySelectorAll('dt')].map(term => [term.textContent, term.nextSibling.textContent])));
      assertTold(facts.value, value, `value of ${id} in ${name}`);
      assertTold(facts.gradient, gradient, `gradient of ${id} in ${name}`);
      compared += 1;
    }
    assert.ok(compared >= 5, `${name}: only ${compared} nodes`);
    // The steps of the backward pass name the same gradients.
    const last = Number((await text(page, '#where')).match(/of (\d+)/)[1]);
    for (let i = 0; i < last; i += 1) {
      const said = await text(page, '#story'), leaf = said.match(/gradient of \S+ = (?:.* = )?([−\d.e]+)/), id = said.match(/\((n\d+)\)/);
      if (leaf && expected[name][id[1]]) assertTold(leaf[1], expected[name][id[1]].gradient, `step of ${id[1]}`);
      await press(page, 'ArrowLeft');
    }
    await close();
  }
});

test('contributions are added up', async () => {
  const { page, close, picture } = await open('fan_out');
  await press(page, 'End');
  const stories = [];
  for (let i = 0; i < 8; i += 1) {
    stories.push(await text(page, '#story'));
    await press(page, 'ArrowLeft');
  }
  const ofX = stories.find(story => story.includes('gradient of x ='));
  assert.match(ofX, /gradient of x = [−\d.]+ [+−] [\d.]+ [+−] [\d.]+ = [−\d.]+\s+the sum over 3 arrows/);
  await press(page, 'End');
  await picture('fan_out');
  await close();
});

test('a recorded reverse pass lights the nodes that it belongs to', async () => {
  const { page, close, picture } = await open('two_layer_net_backward');
  await page.click('#fit');
  const backward = drawn(page, '.node.op.backward').first();
  await backward.hover();
  assert.ok(await drawn(page, '.node.tied').count() >= 2);
  assert.ok(await drawn(page, '.node.tied:not(.backward)').count() >= 1, 'the forward node is lit too');
  await backward.click();
  assert.match(await text(page, '#panel'), /Part of the reverse pass of/);
  await picture('backward_tied');
  await page.click('#panel h3:text-is("Part of the reverse pass of") + ul .link');
  assert.match(await text(page, '#panel'), /Its reverse pass/);
  assert.ok(await drawn(page, '.node.tied.backward').count() >= 1);
  await close();
});
