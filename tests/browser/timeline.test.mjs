// The moments of a training run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertTold, drawn, expected, numberOf, open, text } from './browser.mjs';

const shapes = page => drawn(page, ':is(rect,path,circle)').evaluateAll(all => all.map(one => one.outerHTML.replace(/ class="[^"]*"/, '')));
const output = page => page.evaluate(() => {
  const edge = level.edges.find(each => level.nodes[each.to].kind === 'output');
  return edge.digits.querySelector('.value').textContent;
});

test('the slider changes numbers and nothing else, to those of the tape', async () => {
  const { page, close, picture } = await open('training');
  const places = await shapes(page);
  assert.equal(await page.locator('#curve circle').count(), expected.training.length);
  for (const [index, loss] of expected.training.entries()) {
    await page.$eval('#moment', (slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }, index);
    assertTold(await output(page), loss, `moment ${index}`);
    assert.match(await text(page, '#moment-said'), /^step \d+: loss /);
    assert.deepEqual(await shapes(page), places, 'nothing jumps');
    // Digits stay on their plates.
    const wide = await drawn(page, '.digits').evaluateAll(all => all.flatMap(one => [...one.querySelectorAll('text')].map(text => text.getComputedTextLength() - text.previousElementSibling.width.baseVal.value)));
    assert.ok(Math.max(...wide) <= 0, `${Math.max(...wide)} over`);
    assert.equal(await page.locator('#curve .here').count(), 1);
  }
  await picture('training_end');
  await close();
});

test('moments by keyboard, by buttons, on the line, and by themselves', async () => {
  const { page, close } = await open('training');
  const at = () => page.inputValue('#moment');
  await page.keyboard.press('.');
  await page.keyboard.press('.');
  assert.equal(await at(), '2');
  await page.keyboard.press(',');
  assert.equal(await at(), '1');
  await page.locator('#moment').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await at(), '2');
  assert.equal(await text(page, '#where'), await page.evaluate(() => `${level.steps.length} steps`), 'the arrow moved the slider, not the steps');
  assert.match(await page.getAttribute('#moment', 'aria-valuetext'), /^step 50: loss/);
  await page.click('#timeline-forth');
  assert.equal(await at(), '3');
  await page.click('#curve circle >> nth=0');
  assert.equal(await at(), '0');
  assert.equal(await page.locator('#timeline-back').isDisabled(), true);
  await page.click('#timeline-play');
  await page.waitForFunction(() => document.getElementById('moment').value === '2', null, { timeout: 30000 });
  await page.click('#timeline-play');
  assert.equal(await text(page, '#timeline-play'), 'Play the run');
  await close();
});

test('details, steps and groups follow the moment', async () => {
  const { page, close, picture } = await open('training');
  const weight = drawn(page, '.node.parameter').first();
  await weight.click();
  const value = () => page.$eval('#panel dl', list => [...list.querySelectorAll('dt')].find(term => term.textContent === 'value').nextSibling.textContent);
  const first = await value();
  assert.equal(await page.locator('#panel .bars.rows').count(), 2, 'value and gradient over all moments');
  assert.equal(await page.locator('#panel .bars.rows.of-value .moment').count(), expected.training.length);
  await page.keyboard.press('.');
  assert.notEqual(await value(), first);
  await page.keyboard.press('.');
  await picture('training_details');
  await page.keyboard.press('End');
  const story = await text(page, '#story');
  await page.keyboard.press('.');
  assert.notEqual(await text(page, '#story'), story, 'the step is told with the numbers of the moment');
  assert.match(await text(page, '#where'), /^step/);
  await page.keyboard.press('Escape');
  await page.click('#close-all');
  assertTold(await output(page), expected.training[3], 'another drawing shows the same moment');
  await picture('training_closed');
  assert.ok(Number.isFinite(numberOf(await output(page))));
  await close();
});

test('a page of one moment has no slider', async () => {
  const { page, close } = await open('apples');
  assert.equal(await page.locator('#timeline').isVisible(), false);
  await page.keyboard.press('.');
  await close();
});
