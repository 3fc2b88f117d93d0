// The program of the page: what it draws and computes is what Rust draws and computes, to the last byte.

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { drawn, node, open, pages, text } from './browser.mjs';

const states = JSON.parse(readFileSync(join(pages, 'states.json')));

/** Where two texts begin to differ. */
function difference(a, b) {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return `…${a.slice(Math.max(0, at - 80), at + 80)}… and …${b.slice(Math.max(0, at - 80), at + 80)}…`;
}

for (const [name, requests] of Object.entries(states)) {
  test(`${name}: the page answers as Rust does, byte for byte`, async () => {
    const { page, close } = await open(name);
    for (const { request, data, svg } of requests) {
      const reply = await page.evaluate(what => askForTexts(...what), request);
      assert.ok(reply.data === data, `${JSON.stringify(request)}: ${difference(reply.data, data)}`);
      assert.ok((reply.svg || '') === svg, `${JSON.stringify(request)}: ${difference(reply.svg || '', svg)}`);
    }
    await close();
  });
}

test('a number is changed, and everything follows; undone, and everything is as before', async () => {
  const { page, close, picture } = await open('apples');
  await node(page, 'n1').click();
  assert.match(await text(page, '#panel'), /∂price\/∂number[^]*difference quotient/);
  const before = await page.evaluate(() => document.querySelector('.drawing').innerHTML);
  await page.fill('[data-edit]', '3');
  assert.match((await drawn(page, '.digits .value').allTextContents()).join(' '), /330/, 'before the field is left');
  await page.keyboard.press('Enter');
  assert.match((await drawn(page, '.digits .value').allTextContents()).join(' '), /\b300\b.*330/);
  assert.match((await drawn(page, '.digits .gradient').allTextContents()).join(' '), /3\.3/);
  await picture('apples_changed');
  assert.match(page.url(), /#set=n1\+0\+0\+3/);
  // The arrow keys change the second digit, and the gradient stands beside the measured one.
  await page.keyboard.press('ArrowUp');
  assert.equal(await page.inputValue('[data-edit]'), '3.1');
  const slopes = await page.$$eval('.slope .gradient-text', all => all.map(one => Number(one.textContent)));
  assert.ok(Math.abs(slopes[0] - 110) < 1e-9 && Math.abs(slopes[1] - 110) < 1e-5, `${slopes}`);
  const link = page.url();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+z');
  assert.match((await drawn(page, '.digits .value').allTextContents()).join(' '), /330/);
  await page.keyboard.press('Control+z');
  assert.equal(await page.locator('#edits').isVisible(), false);
  assert.ok(before.length > 0);
  assert.match((await drawn(page, '.digits .value').allTextContents()).join(' '), /220/);
  // A link shows what was changed.
  await page.goto('about:blank');
  await page.goto(link);
  await page.evaluate(() => begun);
  assert.match((await drawn(page, '.digits .value').allTextContents()).join(' '), /341/);
  await page.click('#reset-numbers');
  assert.match((await drawn(page, '.digits .value').allTextContents()).join(' '), /220/);
  await close();
});

test('the slider drags a number, and the drawing follows within a frame', async () => {
  const { page, close, picture } = await open('thousand');
  await page.evaluate(() => visit(level.indexOf('n3')));
  const took = await page.evaluate(async () => {
    const slider = document.querySelector('#panel input[type=range]'), begin = performance.now();
    for (let i = 0; i < 30; i += 1) {
      slider.value = 0.3 + i / 100;
      slider.dispatchEvent(new Event('input'));
      await new Promise(requestAnimationFrame);
    }
    return (performance.now() - begin) / 30;
  });
  console.log(`a thousand numbers follow in ${took.toFixed(1)} ms`);
  assert.ok(took < 1000, `${took} ms`);
  await picture('thousand_dragged');
  await close();
});

test('the chain rule is seen: paths with their products, which sum to the gradient', async () => {
  const { page, close, picture } = await open('fan_out');
  await node(page, 'n0').click();
  assert.match(await text(page, '#panel'), /Paths from x to y[^]*∂y\/∂x = .* \+ .* = /);
  await page.hover('.paths .link');
  assert.ok(await drawn(page, '.edge.on-path').count() >= 2);
  await picture('paths');
  const told = await page.evaluate(() => ask('paths', 'n0', 0, 0));
  const sum = told.paths.reduce((all, { product }) => all + product, 0);
  assert.ok(Math.abs(sum - told.gradient) < 1e-12 * Math.abs(sum), `${sum} and ${told.gradient}`);
  assert.equal(told.count, told.paths.length);
  await close();
});

test('a step says the local derivative in names, and asks for the number first', async () => {
  const { page, close, picture } = await open('apples');
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  assert.match(await text(page, '#story'), /∂n3\/∂apple = \S+ = 2, upstream 1\.1, together 2\.2/);
  await picture('step_in_names');
  await page.click('#predict');
  const field = page.locator('.question input');
  await field.fill('5');
  await page.keyboard.press('Enter');
  assert.match(await text(page, '#story'), /Not yet/);
  await picture('predict');
  await field.fill('2.2');
  await page.keyboard.press('Enter');
  assert.match(await text(page, '#story'), /together 2\.2[^]*That is right/);
  await close();
});

test('what a page cannot compute keeps its number, and says so', async () => {
  const { page, close } = await open('own_op');
  const own = await page.evaluate(() => level.nodes.find(({ op }) => (op || '').startsWith('swish')).id);
  await node(page, own).click();
  assert.match(await text(page, '#panel'), /cannot compute this op/);
  await close();
});

test('the playground draws what is typed, and points at what is wrong', async () => {
  const { page, close, picture } = await open('playground');
  await picture('playground');
  await page.fill('#expression', '(a * b + c).tanh()');
  assert.equal(await drawn(page, '.node.op').count(), 3);
  await page.fill('#expression', '(a * b + c).tan(');
  assert.match(await text(page, '#expression-told'), /ends/);
  assert.equal(await drawn(page, '.node.op').count(), 3, 'the last one that was right stays');
  await picture('playground_wrong');
  await page.fill('#expression', 'x = 2; y = 3; x * y + x');
  await node(page, 'n0').click();
  await page.fill('[data-edit]', '5');
  assert.match((await drawn(page, '.digits .value').allTextContents()).join(' '), /20/);
  await close();
});

test('no text of a first view is under nine pixels, on any screen', async () => {
  for (const viewport of [{ width: 1280, height: 760 }, { width: 390, height: 844 }]) {
    for (const name of ['apples', 'two_layer_net', 'residual_mlp', 'transformer', 'training', 'two_layer_net_backward']) {
      const { page, close } = await open(name, { viewport });
      const least = await page.evaluate(() => Math.min(...[...document.querySelectorAll('.drawing text')].map(one => parseFloat(getComputedStyle(one).fontSize))) * level.view.scale);
      assert.ok(least >= 8.99, `${name} at ${viewport.width}: ${least} px`);
      await close();
    }
  }
});

test('pages stay small', () => {
  const size = name => statSync(join(pages, `${name}.html`)).size;
  assert.ok(size('two_layer_net') < 900_000, `${size('two_layer_net')}`);
  assert.ok(size('transformer') - size('apples') < 300_000, `${size('transformer') - size('apples')}`);
});
