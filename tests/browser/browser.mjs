// What the tests share: a browser, pages opened in it, and ways to look at them.
//
//     apt-get install -y chromium npm fonts-liberation
//     cargo run --example pages && cd tests/browser && npm ci && npm test
//
// CHROMIUM names another browser than /usr/bin/chromium, and CARGO_TARGET_DIR another folder than target. Pictures of what
// was seen are put into its screenshots/, and compared with nothing.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { after } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const target = resolve(root, process.env.CARGO_TARGET_DIR || 'target');
export const pages = join(target, 'pages');
const pictures = join(target, 'screenshots');
assert.ok(existsSync(join(pages, 'expected.json')), 'write the pages first: cargo run --example pages');
mkdirSync(pictures, { recursive: true });

/** What the tape computed, without the pages. */
export const expected = JSON.parse(readFileSync(join(pages, 'expected.json')));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
after(() => browser.close());

/** Opens a file from disk; what goes wrong in it, and what it asks for, fails the test that closes it. `go` opens another
    in its place. */
export async function openFile(path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 760 }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const problems = [];
  let url = '';
  page.on('console', message => problems.push(`console in ${url}: ${message.text()}`));
  page.on('pageerror', error => problems.push(`error in ${url}: ${error.message}`));
  page.on('request', request => { if (request.url().split('#')[0] !== url) problems.push(`request of ${url}: ${request.url()}`); });
  page.on('dialog', dialog => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  const go = next => page.goto(url = pathToFileURL(next).href);
  await go(path);
  // What a page carries is unpacked first.
  await page.evaluate(() => (typeof begun === 'undefined' ? null : begun));
  const close = async () => {
    assert.deepEqual(problems, []);
    await context.close();
  };
  return { page, close, go, picture: as => page.screenshot({ path: join(pictures, `${as}.png`) }) };
}

export const open = (name, options) => openFile(join(pages, `${name}.html`), options);

export const text = (page, selector) => page.locator(selector).innerText();
const shown = '.drawing:not([hidden])';
export const drawn = (page, selector) => page.locator(`${shown} ${selector}`);
export const node = (page, id) => drawn(page, `.node[data-id="${id}"]`);
/** A closed group. */
export const box = (page, name) => drawn(page, '.node.layer').filter({ has: page.locator(`text.name:text-is("${name}")`) });
/** The digits of a drawing that can be seen, as text. */
export const seen = (page, kind) => page.$$eval(`${shown} .digits .${kind}`, all =>
  all.filter(one => getComputedStyle(one).opacity !== '0').map(one => one.textContent));
/** The rectangle of the drawing that the stage shows: x, y, width, height. */
export const viewBox = page => page.$eval(`${shown} svg`, svg => svg.getAttribute('viewBox').split(' ').map(Number));
/** What is open, as the list of groups tells. */
export const openGroups = async page => {
  await page.evaluate(() => select(-1));
  return page.$$eval('[data-group][aria-pressed=true]', all => all.map(one => one.dataset.group).sort());
};
/** A number as a page writes it. */
export const numberOf = text => Number(text.replaceAll('−', '-').replace(/(^|-|×)10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$/, (_, before, digits) => `${before === '×' ? '' : `${before}1`}e${[...digits].map(one => (one === '⁻' ? '-' : '⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(one))).join('')}`));
/** That a number is told to the three digits that drawings have. */
export function assertTold(said, number, what) {
  const found = numberOf(said);
  assert.ok(Math.abs(found - number) <= 5.1e-3 * Math.abs(number) + 1e-12, `${what}: the page says ${said}, the tape ${number}`);
}
