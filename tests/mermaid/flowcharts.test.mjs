// Draws every flowchart in graphs/, and one in which every name is hostile, with Mermaid in a headless browser.
//
//     apt-get install -y chromium
//     cd tests/mermaid && npm ci && npm test
//
// CHROMIUM names another browser than /usr/bin/chromium. Pictures are put into target/mermaid/, or where CARGO_TARGET_DIR
// names another target.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const at = path => fileURLToPath(new URL(path, import.meta.url));
const graphs = at('../../graphs/');
const pictures = join(resolve(at('../../'), process.env.CARGO_TARGET_DIR || 'target'), 'mermaid');
mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
const page = await context.newPage();
const problems = [];
page.on('console', message => problems.push(`console: ${message.text()}`));
page.on('pageerror', error => problems.push(`error: ${error.message}`));
page.on('request', request => problems.push(`request: ${request.url()}`));
page.on('dialog', dialog => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
await page.setContent('<!doctype html><body style="margin:12px"><div id="here"></div>');
await page.addScriptTag({ path: at('node_modules/mermaid/dist/mermaid.min.js') });

/** Draws a flowchart, in the way of forges unless told otherwise, and keeps a picture of it. */
async function draw(name, code, options = {}) {
  await page.evaluate(async ([code, options]) => {
    mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', ...options });
    const { svg } = await mermaid.render('drawn', code);
    document.body.style.background = options.theme === 'dark' ? '#0d1117' : '#fff';
    document.getElementById('here').innerHTML = svg;
  }, [code, options]);
  await page.locator('#here').screenshot({ path: join(pictures, `${name}.png`) });
  assert.deepEqual(problems, [], name);
}

/** The rows of all texts in the drawing that a selector finds. */
const rows = selector => page.locator(selector).evaluateAll(found => found.flatMap(each => {
  const holder = each.querySelector('foreignObject > div') ?? each;
  return holder.innerText.split('\n').map(row => row.trim()).filter(row => row);
}));
// A space without width keeps apart what Mermaid would read.
const line = text => text.replaceAll('\u200b', '').replace(/[\n\r\t]/g, ' ').replace(/ +/g, ' ').trim();
const count = selector => page.locator(selector).count();

const charts = readdirSync(graphs).filter(file => file.endsWith('.mmd')).sort();
assert.ok(charts.length >= 15, `${charts.length} flowcharts`);
for (const file of charts) {
  const code = readFileSync(join(graphs, file), 'utf8');
  await draw(file.replace('.mmd', ''), code);
  const arrows = code.split('\n').filter(each => / -(-|\.-)> ?/.test(each)).length;
  assert.equal(await count('#here path.flowchart-link'), arrows, file);
  assert.equal(await count('#here g.node'), code.split('\n').filter(each => each.includes(':::')).length, file);
  console.log(`ok ${file}`);
}
await draw('two_layer_net_dark', readFileSync(join(graphs, 'two_layer_net.mmd'), 'utf8'), { theme: 'dark' });

const picture = JSON.parse(readFileSync(at('hostile.json'), 'utf8'));
const code = readFileSync(at('hostile.mmd'), 'utf8');
for (const [name, options] of [['hostile', {}], ['hostile_loose', { securityLevel: 'loose' }],
  ['hostile_text', { htmlLabels: false, flowchart: { htmlLabels: false } }]]) {
  await draw(name, code, options);
  for (const tag of ['script', 'img', 'a', 'b', 'strong', 'em', 'i', 'ul', 'ol', 'h1', 'blockquote', 'code']) {
    assert.equal(await count(`#here ${tag}`), 0, `${name}: <${tag}>`);
  }
  assert.equal(await count('#here g.node'), picture.nodes.length, name);
  if (name === 'hostile_text') continue;
  const labels = (await rows('#here g.node .label')).map(line);
  for (const node of picture.nodes) assert.ok(labels.includes(line(node.name)), `${name}: ${node.name} in ${labels}`);
  const digits = (await rows('#here g.edgeLabel')).map(line);
  for (const edge of picture.edges) {
    for (const said of [`▶ ${edge.value}`, `◀ ${edge.gradient}`]) {
      assert.ok(digits.includes(line(said).replaceAll('-', '−')), `${name}: ${said} in ${digits}`);
    }
  }
  const frames = (await rows('#here g.cluster-label')).map(line);
  for (const group of picture.groups) assert.ok(frames.includes(line(group.label)), `${name}: ${group.label} in ${frames}`);
  assert.equal(line(await page.locator('#here .flowchartTitleText').textContent()),
    line(picture.title).replaceAll('<', '‹').replaceAll('>', '›').replaceAll('&', '＆'), name);
  console.log(`ok ${name}`);
}
await browser.close();
