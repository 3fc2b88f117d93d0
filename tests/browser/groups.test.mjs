// Groups, opened and closed in any combination.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { box, drawn, node, open, openGroups, text, viewBox } from './browser.mjs';

const all = ['affine1', 'affine2', 'loss', 'relu1'];

test('groups open and close in every combination', async () => {
  const { page, close } = await open('two_layer_net');
  assert.deepEqual(await openGroups(page), all);
  await page.click('#close-all');
  assert.deepEqual(await openGroups(page), []);
  assert.equal(await drawn(page, '.node.layer').count(), 4);
  const nodesOf = { affine1: 4, affine2: 4, relu1: 1, loss: 1 };
  let open_ = new Set();
  // A Gray code: every one of the sixteen combinations, one switch at a time.
  for (let i = 1; i <= 16; i += 1) {
    const scope = all[Math.min(Math.log2(i & -i), 3)];
    await page.evaluate(() => select(-1));
    await page.click(`[data-group="${scope}"]`);
    if (!open_.delete(scope)) open_.add(scope);
    assert.deepEqual(await openGroups(page), [...open_].sort());
    assert.equal(await drawn(page, '.node.layer').count(), 4 - open_.size);
    const inside = [...open_].reduce((sum, each) => sum + nodesOf[each], 0);
    assert.equal(await drawn(page, '.node:not(.output)').count(), 2 + inside + 4 - open_.size, 'x, t, boxes, and what is open');
    assert.deepEqual((await drawn(page, '.frame-label').allTextContents()).sort(), [...open_].sort());
  }
  assert.equal(open_.size, 0, 'sixteen switches lead back');
  await close();
});

test('two clicks open a box, and a click on its label closes it', async () => {
  const { page, close, picture } = await open('two_layer_net');
  await page.click('#close-all');
  await box(page, 'affine2').dblclick();
  assert.deepEqual(await openGroups(page), ['affine2']);
  await box(page, 'affine1').dblclick();
  assert.deepEqual(await openGroups(page), ['affine1', 'affine2']);
  await picture('net_two_open');
  await box(page, 'relu1').click();
  await page.click('#panel button:has-text("Open relu1")');
  assert.deepEqual(await openGroups(page), ['affine1', 'affine2', 'relu1']);
  await drawn(page, '.frame-label:text-is("affine1")').click();
  assert.deepEqual(await openGroups(page), ['affine2', 'relu1']);
  await page.click('#open-all');
  assert.deepEqual(await openGroups(page), all);
  await close();
});

test('selection, step, focus and zoom stay over a switch', async () => {
  const { page, close, picture } = await open('two_layer_net');
  await page.click('#close-all');
  // Near enough that the view is no longer that of the whole graph.
  for (let i = 0; i < 3; i += 1) await page.click('#zoom-in');
  const shape = box(page, 'affine2');
  await shape.focus();
  await page.keyboard.press('Enter');
  assert.match(await text(page, '#panel h2'), /affine2/);
  const place = locator => locator.evaluate(one => { const at = one.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2]; });
  const before = await place(shape), scale = async () => 950 / (await viewBox(page))[2], zoomed = await scale();
  await page.keyboard.press('o');
  const frame = drawn(page, '.group').filter({ has: page.locator('.frame-label:text-is("affine2")') });
  const after = await place(frame.locator('.frame'));
  assert.ok(Math.hypot(after[0] - before[0], after[1] - before[1]) < 3, `the group stays in its place: ${before}, ${after}`);
  assert.ok(Math.abs((await scale()) / zoomed - 1) < 0.01, 'and as large');
  // What was selected is now the end of what the group holds, and the frame has the focus.
  assert.match(await text(page, '#panel h2'), /add/);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'close affine2');
  await picture('net_opened_near');
  await page.keyboard.press('o');
  assert.match(await text(page, '#panel h2'), /affine2/);
  assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^affine2/);
  // A node that stands in both drawings stays selected as it is.
  await node(page, 'n0').focus();
  await page.keyboard.press('Enter');
  await page.click('#open-all');
  assert.match(await text(page, '#panel h2'), /^x/);
  // A step is the same step.
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  const told = await text(page, '#story');
  await page.click('#close-all');
  assert.match(await text(page, '#story'), /^backward/);
  await page.click('#open-all');
  assert.match(await text(page, '#where'), /^step/);
  assert.ok(told.length > 0);
  await close();
});

test('a group is opened and closed by keyboard alone', async () => {
  const { page, close } = await open('two_layer_net');
  await page.click('#close-all');
  assert.equal(await box(page, 'relu1').getAttribute('aria-expanded'), 'false');
  await box(page, 'relu1').focus();
  await page.keyboard.press('o');
  assert.deepEqual(await page.evaluate(() => [...level.open]), ['relu1']);
  const frame = drawn(page, '.closable');
  assert.equal(await frame.getAttribute('aria-expanded'), 'true');
  await frame.focus();
  await page.keyboard.press('Enter');
  assert.deepEqual(await page.evaluate(() => [...level.open]), []);
  assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^relu1/);
  await close();
});

test('any of many groups are open together', async () => {
  const { page, close, picture } = await open('residual_mlp');
  assert.deepEqual(await openGroups(page), []);
  await picture('residual_closed');
  await box(page, 'block3').dblclick();
  assert.deepEqual(await openGroups(page), ['block3']);
  await picture('residual_open');
  await page.click('[data-group=block5]');
  await page.click('[data-group=block1]');
  assert.deepEqual(await openGroups(page), ['block1', 'block3', 'block5']);
  await page.click('[data-group=block5]');
  assert.deepEqual(await openGroups(page), ['block1', 'block3']);
  await page.click('#open-all');
  assert.ok((await openGroups(page)).length >= 11);
  await picture('residual_all');
  await page.evaluate(() => select(-1));
  await page.click('[data-group=block5]');
  assert.ok(!(await openGroups(page)).includes('block5'), 'all but one');
  await page.click('#close-all');
  // What is found in a closed block opens that block.
  await page.fill('#query', 'sigmoid');
  assert.equal(await text(page, '#found'), '8 found');
  await page.click('#hits .link >> nth=6');
  assert.match(await text(page, '#panel'), /block7\/sigmoid1/);
  assert.ok((await openGroups(page)).every(group => group.startsWith('block7')));
  await close();
});

test('a transformer opens at any depth, and everything in it is found', async () => {
  const { page, close, picture } = await open('transformer');
  await picture('transformer_first');
  await page.fill('#query', 'softmax');
  const found = Number((await text(page, '#found')).match(/\d+/)[0]);
  assert.ok(found >= 12, `${found} found: one in each block`);
  await page.click('#hits .link >> nth=7');
  assert.match(await text(page, '#panel h2'), /softmax/);
  assert.equal(await drawn(page, '.node.selected.op').count(), 1, 'it stands there by itself');
  await page.waitForTimeout(100);
  await picture('transformer_found');
  // Every box can be opened, and closed again.
  await page.click('#close-all');
  const closed = await page.evaluate(() => document.querySelector('.drawing').innerHTML);
  const boxes = await page.evaluate(() => level.nodes.map((_, index) => level.opens(index)).filter(Boolean));
  assert.ok(boxes.length > 0);
  for (const group of boxes) {
    const took = await page.evaluate(one => { const begin = performance.now(); toggle(one); stage.getBoundingClientRect(); return performance.now() - begin; }, group);
    assert.ok(took < 1000, `${group} took ${took} ms`);
    assert.ok(await page.evaluate(one => !isClosed(level, one), group), group);
    await page.evaluate(one => request(['close', one], one), group);
  }
  assert.equal(await page.evaluate(() => ask('draw').svg.length > 0), true);
  assert.deepEqual(await openGroups(page), []);
  assert.ok(closed.length > 0);
  await close();
});
