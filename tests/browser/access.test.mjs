// Without a mouse, without sight, and on a small screen.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { box, drawn, open, root, text } from './browser.mjs';

test('the tab key reaches everything in a sensible order', async () => {
  const { page, close } = await open('apples');
  const reached = [];
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press('Tab');
    const said = await page.evaluate(() => { const a = document.activeElement; return a.id || a.dataset.id || a.dataset.word || a.tagName; });
    if (said === 'BODY') break;
    reached.push(said);
  }
  const order = ['skip', 'query', 'zoom-out', 'zoom-in', 'fit', 'theme', 'show-help', 'stage', 'n0', 'n1', 'n2', 'n3', 'n4', 'out4', 'first-step', 'play', 'position'];
  const places = order.map(id => reached.indexOf(id));
  assert.ok(places.every(place => place >= 0), `${order.filter((_, i) => places[i] < 0)} not in ${reached}`);
  assert.deepEqual(places, [...places].sort((a, b) => a - b));
  await close();
});

test('a walk by keyboard alone: skip, nodes, arrows, help', async () => {
  const { page, close, picture } = await open('apples');
  await page.keyboard.press('Tab');
  assert.equal(await page.locator('#skip').isVisible(), true);
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'panel');
  await page.locator('.node[data-id=n3]').focus();
  await page.keyboard.press('Enter');
  assert.match(await text(page, '#panel h2'), /n3/);
  await page.keyboard.press('ArrowUp');
  assert.match(await text(page, '#panel h2'), /apple/);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.id), 'n0');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.match(await text(page, '#panel h2'), /n4/);
  await page.keyboard.press('?');
  assert.equal(await page.locator('#help').isVisible(), true);
  await picture('help');
  await page.keyboard.press('ArrowRight');
  assert.equal(await text(page, '#where'), '9 steps', 'keys wait while help is open');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#help').isVisible(), false);
  assert.match(await text(page, '#panel h2'), /n4/, 'Escape left the help alone');
  await page.keyboard.press('ArrowRight');
  assert.equal(await text(page, '#where'), 'step 1 of 9');
  await page.keyboard.press('Escape');
  await page.keyboard.press('+');
  await page.keyboard.press('-');
  await close();
});

test('nodes, steps and sliders have roles and words', async () => {
  const { page, close } = await open('two_layer_net');
  const shapes = drawn(page, '.node');
  for (let i = 0; i < await shapes.count(); i += 1) {
    const shape = shapes.nth(i);
    assert.equal(await shape.getAttribute('tabindex'), '0');
    assert.equal(await shape.getAttribute('role'), 'button');
    assert.ok((await shape.getAttribute('aria-label')).length > 0);
    const [title, desc] = [await shape.locator('> title').textContent(), await shape.locator('> desc').textContent()];
    assert.ok(title.length > 0 && desc.length > 0, `${title}: ${desc}`);
  }
  assert.equal(await page.getAttribute('#story', 'aria-live'), 'polite');
  await page.keyboard.press('ArrowRight');
  assert.match(await page.getAttribute('#position', 'aria-valuetext'), /^step 1 of \d+: /);
  // No control without a name.
  const unnamed = await page.$$eval('button, input, [role=button]', all => all.filter(one => !(one.getAttribute('aria-label') || one.textContent.trim())).map(one => one.outerHTML));
  assert.deepEqual(unnamed, []);
  const ids = await page.$$eval('[id]', all => all.map(one => one.id));
  assert.equal(new Set(ids).size, ids.length);
  await close();
});

test('a checker of accessibility finds nothing', async () => {
  const axe = readFileSync(join(root, 'tests/browser/node_modules/axe-core/axe.min.js'), 'utf8');
  const states = [
    ['training', 'dark', async () => {}],
    ['two_layer_net', 'light', page => drawn(page, '.node.op').first().click()],
    ['checked_wrong_rule', 'light', page => page.keyboard.press('End')],
    ['apples', 'dark', page => page.keyboard.press('?')],
  ];
  for (const [name, colorScheme, act] of states) {
    const { page, close } = await open(name, { colorScheme });
    await act(page);
    await page.waitForTimeout(250);
    await page.evaluate(axe);
    const found = await page.evaluate(async () => (await axe.run()).violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]));
    assert.deepEqual(found, [], name);
    await close();
  }
});

test('a phone', async () => {
  const { page, close, picture } = await open('training', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  const sizes = await page.evaluate(() => ({
    across: document.documentElement.scrollWidth,
    down: document.documentElement.scrollHeight,
    stage: [document.getElementById('stage').clientWidth, document.getElementById('stage').clientHeight],
    outside: [...document.querySelectorAll('button, input')].filter(one => one.id !== 'skip').map(one => [one.id, one.getBoundingClientRect()]).filter(([, at]) => at.width > 0 && (at.left < 0 || at.right > 390)).map(([id]) => id),
  }));
  assert.equal(sizes.across, 390);
  assert.equal(sizes.down, 844);
  assert.ok(sizes.stage[0] === 390 && sizes.stage[1] >= 200, `${sizes.stage}`);
  assert.deepEqual(sizes.outside, []);
  await picture('phone');
  await page.tap('#close-all');
  await box(page, 'affine1').tap();
  assert.match(await text(page, '#panel h2'), /affine1/);
  await page.tap('#forth');
  await page.tap('#timeline-forth');
  await picture('phone_step');
  await close();
});

test('a narrow window', async () => {
  const { page, close, picture } = await open('two_layer_net', { viewport: { width: 600, height: 800 } });
  await page.keyboard.press('ArrowRight');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 600));
  await picture('narrow');
  await close();
});
