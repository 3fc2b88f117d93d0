// Searching, looking at nodes, moving, and the looks of the page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawn, node, open, text, viewBox } from './browser.mjs';

test('search lists what it finds and goes there', async () => {
  const { page, close, picture } = await open('apples');
  await page.keyboard.press('/');
  await page.keyboard.type('mul');
  assert.equal(await text(page, '#found'), '2 found');
  assert.equal(await page.locator('#hits li').count(), 2);
  await picture('search');
  await page.keyboard.press('Enter');
  assert.equal(await text(page, '#found'), '1 of 2');
  await page.click('#next-found');
  assert.equal(await text(page, '#found'), '2 of 2');
  assert.equal(await drawn(page, '.node.hit').count(), 2);
  await page.fill('#query', 'appl');
  assert.equal(await text(page, '#found'), '1 found');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.match(await text(page, '#panel h2 >> nth=0'), /apple/);
  assert.equal(await page.locator('#hits').isVisible(), false);
  await page.fill('#query', 'nothing like it');
  assert.equal(await text(page, '#found'), '0 found');
  await page.locator('#query').press('Escape');
  assert.equal(await page.inputValue('#query'), '');
  await close();
});

test('what stands in a closed group is found, and its group opened', async () => {
  const { page, close } = await open('two_layer_net');
  await page.click('#close-all');
  await page.fill('#query', 'affine2/weight');
  assert.equal(await text(page, '#found'), '1 found');
  await page.fill('#query', 'weight');
  assert.equal(await text(page, '#found'), '2 found');
  assert.match(await text(page, '#hits'), /in affine2, closed/);
  await page.click('#hits .link >> nth=1');
  assert.equal(await drawn(page, '.frame-label').textContent(), 'affine2');
  assert.match(await text(page, '#panel h2'), /weight/);
  await close();
});

test('a click tells all that is known of a node', async () => {
  const { page, close, picture } = await open('apples');
  await node(page, 'n3').click();
  const panel = await text(page, '#panel');
  for (const said of ['y = x0 × x1', 'scalar', '200', '1.1', '01_apples.rs:', 'apple', 'number', 'price', 'dx0 = dy × x1']) {
    assert.ok(panel.includes(said), `${said} in ${panel}`);
  }
  assert.equal(await page.locator('.edge.lit').count(), 3);
  assert.equal(await drawn(page, '.node.relative').count(), 3);
  await picture('apples_panel');
  await page.click('#panel .link >> nth=0');
  assert.match(await text(page, '#panel h2'), /apple/);
  await close();
});

test('drag, wheel, pinch, fit', async () => {
  const { page, close } = await open('apples');
  const first = await viewBox(page);
  await page.mouse.move(300, 500);
  await page.mouse.down();
  await page.mouse.move(400, 540, { steps: 4 });
  await page.mouse.up();
  const moved = await viewBox(page);
  assert.ok(moved[0] < first[0] && moved[1] < first[1] && moved[2] === first[2]);
  await page.mouse.wheel(0, -400);
  await page.waitForTimeout(100);
  const near = await viewBox(page);
  assert.ok(near[2] < moved[2]);
  // Two fingers that part zoom in.
  await page.$eval('#stage', stage => {
    stage.setPointerCapture = () => {};
    const finger = (type, pointerId, clientX) => stage.dispatchEvent(new PointerEvent(type, { pointerId, clientX, clientY: 300, bubbles: true, button: 0 }));
    finger('pointerdown', 11, 300);
    finger('pointerdown', 12, 400);
    finger('pointermove', 12, 500);
    finger('pointerup', 12, 500);
    finger('pointerup', 11, 300);
  });
  assert.ok(Math.abs((await viewBox(page))[2] / near[2] - 0.5) < 0.01);
  await page.keyboard.press('0');
  assert.deepEqual((await viewBox(page)).map(Math.round), first.map(Math.round));
  await page.click('#zoom-in');
  assert.ok((await viewBox(page))[2] < first[2]);
  await page.click('#fit');
  assert.deepEqual((await viewBox(page)).map(Math.round), first.map(Math.round));
  await close();
});

test('flights take a moment, and none where no motion is wanted', async () => {
  const early = async reducedMotion => {
    const { page, close } = await open('apples', { reducedMotion });
    const fit = (await viewBox(page))[2];
    await page.click('#zoom-in');
    const widths = await page.evaluate(() => {
      keys[0]();
      const width = () => Number(document.querySelector('.drawing:not([hidden]) svg').getAttribute('viewBox').split(' ')[2]);
      const first = width();
      return new Promise(done => setTimeout(() => done([first, width()]), 500));
    });
    assert.ok(Math.abs(widths[1] - fit) < 0.01, 'it arrives');
    await close();
    return Math.abs(widths[0] - fit) < 0.01;
  };
  assert.equal(await early('reduce'), true);
  assert.equal(await early('no-preference'), false);
});

test('light and dark', async () => {
  const paper = page => page.$eval('#stage', stage => getComputedStyle(stage).backgroundColor);
  const { page, close, picture } = await open('apples', { colorScheme: 'light' });
  assert.equal(await paper(page), 'rgb(255, 255, 255)');
  await page.click('#theme');
  assert.equal(await paper(page), 'rgb(20, 24, 29)');
  await page.keyboard.press('End');
  await picture('apples_dark');
  await close();
  const dark = await open('checked_wrong_rule', { colorScheme: 'dark' });
  assert.equal(await paper(dark.page), 'rgb(20, 24, 29)');
  // It follows the system while nothing was chosen.
  for (const colorScheme of ['light', 'dark']) {
    await dark.page.emulateMedia({ colorScheme });
    await dark.page.waitForFunction(theme => document.documentElement.dataset.theme === theme, colorScheme, { timeout: 30000 });
  }
  await dark.picture('checked_dark');
  await dark.close();
});

test('every text can be told from its ground, light and dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const { page, close } = await open('two_layer_net_backward', { colorScheme });
    // The contrast ratio of WCAG 2.2, between a text of the drawing and what is painted below it.
    const worst = await page.evaluate(() => {
      const channels = color => color.match(/[\d.]+/g).slice(0, 3).map(Number);
      const light = color => channels(color).map(c => c / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
      const stage = getComputedStyle(document.getElementById('stage')).backgroundColor;
      return [...document.querySelectorAll('.drawing:not([hidden]) text:not(.heading)')].map(text => {
        const body = text.closest('.node') && !text.closest('.output') && text.closest('.node').querySelector('.body');
        const ground = body ? getComputedStyle(body).fill : stage;
        return [ratio(getComputedStyle(text).fill, ground), text.textContent];
      }).sort((a, b) => a[0] - b[0])[0];
    });
    assert.ok(worst[0] >= 4.5, `${colorScheme}: ${worst}`);
    await close();
  }
});

test('the table of a check leads to its nodes', async () => {
  const { page, close, picture } = await open('checked_wrong_rule');
  assert.match(await text(page, '#check tbody tr >> nth=0'), /wrong_cube/);
  assert.ok((await text(page, '#check')).includes('0.333 times'));
  await page.click('#zoom-in');
  await page.click('#zoom-in');
  const before = await viewBox(page);
  await page.click('#check tbody tr >> nth=0');
  assert.equal(await page.locator('.node.selected').count(), 1);
  assert.notDeepEqual(await viewBox(page), before);
  assert.match(await text(page, '#panel h2'), /wrong_cube/);
  await picture('checked');
  await close();
});

test('kinds of nodes are put away and brought back', async () => {
  const { page, close, picture } = await open('two_layer_net');
  const hidden = () => drawn(page, '.node').evaluateAll(all => all.filter(one => getComputedStyle(one).visibility === 'hidden').length);
  await page.click('[data-word=parameter]');
  assert.equal(await hidden(), 4);
  assert.ok(await drawn(page, '.edge.away').count() >= 4);
  await page.click('[data-word=matmul]');
  assert.equal(await hidden(), 6);
  await picture('put_away');
  await page.click('[data-word=parameter]');
  await page.click('[data-word=matmul]');
  assert.equal(await hidden(), 0);
  await close();
});

test('hostile names stay text', async () => {
  const { page, close, picture } = await open('hostile_names');
  await page.keyboard.press('End');
  await page.locator('.node >> nth=1').focus();
  await page.keyboard.press('Enter');
  assert.ok((await text(page, '#panel')).includes('<img src=x onerror='));
  await page.fill('#query', '<img');
  assert.ok((await text(page, '#hits')).includes('<img src=x onerror='));
  assert.match(await page.title(), /^<script>/);
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.locator('script').count(), 4);
  await picture('hostile_names');
  await close();
});

test('on paper stands the whole drawing, light', async () => {
  const { page, close, picture } = await open('two_layer_net', { colorScheme: 'dark' });
  const first = await viewBox(page);
  for (let i = 0; i < 5; i += 1) await page.click('#zoom-in');
  const near = await viewBox(page);
  const isOnPaper = on => page.waitForFunction(on => printing.matches === on && (document.documentElement.dataset.theme === 'light') === on, on, { timeout: 30000, polling: 50 });
  // The page hears of another medium when it is drawn next.
  const turn = async media => {
    await page.emulateMedia({ media, colorScheme: 'dark' });
    await page.screenshot();
    await isOnPaper(media === 'print');
  };
  await turn('print');
  assert.equal(await page.$eval('#stage', stage => getComputedStyle(stage).backgroundColor), 'rgb(255, 255, 255)');
  assert.equal(await page.locator('#search').isVisible(), false);
  assert.equal(await page.locator('h1').isVisible(), true);
  const printed = await viewBox(page);
  assert.ok(printed[0] === 0 && printed[2] > near[2], `${printed}, ${first}`);
  await picture('printed');
  assert.ok((await page.pdf()).length > 5000);
  await turn('screen');
  assert.deepEqual((await viewBox(page)).map(Math.round), near.map(Math.round));
  await close();
});
