// Opens the pages that `cargo run --example pages` writes in a headless browser, and looks at them as a reader would.
//
//     apt-get install -y chromium
//     cargo run --example pages && cd tests/browser && npm ci && npm test
//
// CHROMIUM names another browser than /usr/bin/chromium. Pictures of the pages are put into target/pages/.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const folder = fileURLToPath(new URL('../../target/pages/', import.meta.url));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

/** Opens a page from disk; what goes wrong in it, and what it asks for, fails the test that looks at it. */
async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 760 }, ...options });
  const page = await context.newPage();
  const problems = [], url = pathToFileURL(join(folder, `${name}.html`)).href;
  page.on('console', message => problems.push(`console: ${message.text()}`));
  page.on('pageerror', error => problems.push(`error: ${error.message}`));
  page.on('request', request => { if (request.url() !== url) problems.push(`request: ${request.url()}`); });
  page.on('dialog', dialog => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(url);
  const close = async () => {
    assert.deepEqual(problems, [], name);
    await context.close();
  };
  return { page, close, picture: as => page.screenshot({ path: join(folder, `${as}.png`) }) };
}

const text = (page, selector) => page.locator(selector).innerText();
const node = (page, id) => page.locator(`.drawing:not([hidden]) .node[data-id="${id}"]`);
/** The digits of a drawing that can be seen, as text. */
const seen = (page, kind) => page.$$eval(`.drawing:not([hidden]) .digits .${kind}`, all =>
  all.filter(one => getComputedStyle(one).opacity !== '0').map(one => one.textContent));
const settled = page => page.waitForTimeout(350);

const tests = {
  async 'the forward pass and then the backward pass, with the numbers of the drawing'() {
    const { page, close, picture } = await open('apples');
    await settled(page);
    await picture('apples');
    await page.keyboard.press('ArrowRight');
    await settled(page);
    assert.match(await text(page, '#story'), /forward\s*apple[^]*apple = 100/);
    assert.deepEqual(await seen(page, 'value'), ['100']);
    assert.deepEqual(await seen(page, 'gradient'), []);
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowRight');
    await settled(page);
    assert.match(await text(page, '#story'), /y = x0 × x1 = 100 × 2 = 200/);
    await picture('apples_forward');
    await page.keyboard.press('ArrowLeft');
    assert.match(await text(page, '#story'), /tax = 1\.1/);
    assert.equal(await text(page, '#where'), 'step 3 of 11');
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowRight');
    assert.match(await text(page, '#story'), /backward[^]*dy = 1/);
    await page.keyboard.press('ArrowRight');
    assert.match(await text(page, '#story'), /dx0 = dy × x1 = 1 × 1\.1 = 1\.1[^]*dx1 = dy × x0 = 1 × 200 = 200/);
    await page.keyboard.press('ArrowRight');
    await settled(page);
    assert.match(await text(page, '#story'), /dy = 1\.1[^]*dx0 = dy × x1 = 1\.1 × 2 = 2\.2[^]*dx1 = dy × x0 = 1\.1 × 100 = 110/);
    await picture('apples_backward');
    await page.keyboard.press('End');
    await settled(page);
    const gradients = await seen(page, 'gradient');
    for (const number of ['2.2', '110', '200']) assert.ok(gradients.includes(number), `${number} of ${gradients}`);
    assert.match(await text(page, '#story'), /gradient of apple = 2\.2/);
    await page.keyboard.press('Home');
    assert.equal(await text(page, '#where'), 'step 1 of 11');
    await page.keyboard.press('Space');
    assert.equal(await text(page, '#play'), 'Pause');
    await page.waitForTimeout(2000);
    assert.equal(await text(page, '#where'), 'step 3 of 11');
    await page.keyboard.press('Space');
    assert.equal(await text(page, '#play'), 'Play');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.pale').count(), 0);
    assert.equal(await text(page, '#where'), '11 steps');
    await close();
  },

  async 'search, click, keyboard'() {
    const { page, close, picture } = await open('apples');
    await page.keyboard.press('/');
    await page.keyboard.type('mul');
    assert.equal(await text(page, '#found'), '2 found');
    await page.keyboard.press('Enter');
    assert.equal(await text(page, '#found'), '1 of 2');
    await page.click('#next-found');
    assert.equal(await text(page, '#found'), '2 of 2');
    await page.fill('#query', 'appl');
    assert.equal(await text(page, '#found'), '1 found');
    await page.fill('#query', 'nothing like it');
    assert.equal(await text(page, '#found'), '0 found');
    await page.fill('#query', '');
    await page.click('#fit');
    await settled(page);
    await node(page, 'n3').click();
    const panel = await text(page, '#panel');
    for (const said of ['y = x0 × x1', 'scalar', '200', '1.1', '01_apples.rs:', 'apple', 'number', 'price', 'dx0 = dy × x1']) {
      assert.ok(panel.includes(said), `${said} in ${panel}`);
    }
    assert.equal(await page.locator('.edge.lit').count(), 3);
    await picture('apples_panel');
    await page.click('#panel .link >> nth=0');
    assert.match(await text(page, '#panel h2'), /apple/);
    await node(page, 'n2').focus();
    await page.keyboard.press('Enter');
    assert.match(await text(page, '#panel h2'), /tax/);
    const shapes = page.locator('.node');
    for (let i = 0; i < await shapes.count(); i += 1) {
      assert.equal(await shapes.nth(i).getAttribute('tabindex'), '0');
      assert.ok((await shapes.nth(i).getAttribute('aria-label')).length > 2);
    }
    await close();
  },

  async 'drag, wheel, fit'() {
    const { page, close } = await open('apples');
    const box = () => page.$eval('.drawing svg', svg => svg.getAttribute('viewBox').split(' ').map(Number));
    const first = await box();
    await page.mouse.move(300, 500);
    await page.mouse.down();
    await page.mouse.move(400, 540, { steps: 4 });
    await page.mouse.up();
    const moved = await box();
    assert.ok(moved[0] < first[0] && moved[1] < first[1] && moved[2] === first[2]);
    await page.mouse.wheel(0, -400);
    await page.waitForTimeout(100);
    assert.ok((await box())[2] < moved[2]);
    await page.keyboard.press('0');
    await settled(page);
    assert.deepEqual((await box()).map(Math.round), first.map(Math.round));
    await close();
  },

  async 'light and dark'() {
    const paper = page => page.$eval('#stage', stage => getComputedStyle(stage).backgroundColor);
    const { page, close, picture } = await open('apples', { colorScheme: 'light' });
    assert.equal(await paper(page), 'rgb(255, 255, 255)');
    await page.click('#theme');
    assert.equal(await paper(page), 'rgb(20, 24, 29)');
    await page.keyboard.press('End');
    await settled(page);
    await picture('apples_dark');
    await close();
    const dark = await open('checked_wrong_rule', { colorScheme: 'dark', reducedMotion: 'reduce' });
    assert.equal(await paper(dark.page), 'rgb(20, 24, 29)');
    await dark.picture('checked_dark');
    await dark.close();
  },

  async 'contributions are added up'() {
    const { page, close, picture } = await open('fan_out');
    await page.keyboard.press('End');
    await settled(page);
    const stories = [];
    for (let i = 0; i < 8; i += 1) {
      stories.push(await text(page, '#story'));
      await page.keyboard.press('ArrowLeft');
    }
    const ofX = stories.find(story => story.includes('gradient of x ='));
    assert.match(ofX, /gradient of x = [−\d.]+ [+−] [\d.]+ [+−] [\d.]+ = [−\d.]+\s+the sum over 3 arrows/);
    await page.keyboard.press('End');
    await picture('fan_out');
    await close();
  },

  async 'layers and nodes, with histograms'() {
    const { page, close, picture } = await open('two_layer_net');
    await settled(page);
    await picture('net_nodes');
    await page.click('#levels button >> nth=1');
    assert.equal(await text(page, '#where'), '13 steps');
    await settled(page);
    await node(page, 'g0').click();
    await picture('net_layers');
    await page.click('#panel button:has-text("Open it here")');
    await settled(page);
    assert.equal(await node(page, 'g0').locator('.name').textContent(), 'relu1');
    assert.equal(await node(page, 'n5').count(), 1);
    assert.equal(await page.locator('.drawing:not([hidden]) .group').count(), 1);
    assert.equal(await page.locator('#levels button[aria-pressed=true]').innerText(), 'Layers');
    await page.keyboard.press('0');
    await settled(page);
    await picture('net_one_open');
    await page.locator('.drawing:not([hidden]) .group .frame-label').click();
    await settled(page);
    assert.match(await text(page, '#panel h2'), /affine1/);
    assert.equal(await page.locator('.drawing:not([hidden]) .group').count(), 0);
    await node(page, 'g2').dblclick();
    await settled(page);
    assert.equal(await page.locator('.drawing:not([hidden]) .frame-label').textContent(), 'affine2');
    await page.click('#levels button >> nth=1');
    await settled(page);
    await node(page, 'g0').click();
    await page.click('#panel button:has-text("Show every node")');
    await settled(page);
    assert.equal(await page.locator('#levels button[aria-pressed=true]').innerText(), 'Nodes');
    assert.ok(await page.locator('#panel .bars').count() >= 1);
    await page.keyboard.press('End');
    for (let i = 0; i < 5; i += 1) await page.keyboard.press('ArrowLeft');
    await settled(page);
    await picture('net_backward');
    await close();
  },

  async 'the table of a check'() {
    const { page, close, picture } = await open('checked_wrong_rule');
    assert.match(await text(page, '#check tbody tr >> nth=0'), /wrong_cube/);
    assert.ok((await text(page, '#check')).includes('0.333 times'));
    await page.click('#check tbody tr >> nth=0');
    await settled(page);
    assert.equal(await page.locator('.node.selected').count(), 1);
    await picture('checked');
    await close();
  },

  async 'hostile names stay text'() {
    const { page, close, picture } = await open('hostile_names');
    await page.keyboard.press('End');
    await page.locator('.node >> nth=1').focus();
    await page.keyboard.press('Enter');
    assert.ok((await text(page, '#panel')).includes('<img src=x onerror='));
    assert.match(await page.title(), /^<script>/);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.locator('script').count(), 2);
    await picture('hostile_names');
    await close();
  },

  async 'a narrow window'() {
    const { page, close, picture } = await open('two_layer_net', { viewport: { width: 600, height: 800 } });
    await settled(page);
    await page.keyboard.press('ArrowRight');
    await settled(page);
    await picture('net_narrow');
    await close();
  },
};

assert.ok(readdirSync(folder).some(file => file.endsWith('.html')), 'write the pages first: cargo run --example pages');
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok      ${name}`);
  } catch (problem) {
    failed += 1;
    console.log(`FAILED  ${name}\n${problem.stack}`);
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
