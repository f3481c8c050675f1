// Judges pages: html-validate for the markup, axe-core in headless Chromium for accessibility, light and dark, wide and narrow.
//
//   node page.mjs CHROMIUM FILE.html…      prints every fault and ends with 1 if there is one
//   SHOTS=DIR node page.mjs …              also leaves a picture of each
import { createRequire } from 'node:module';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.env.NODE_PATH ?? process.cwd(), 'x.js'));
const { HtmlValidate } = require('html-validate');
const puppeteer = require('puppeteer-core').default ?? require('puppeteer-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [chromium, ...files] = process.argv.slice(2);
let faults = 0;
const fault = (text) => { faults += 1; console.log(text); };

// Addresses that are broken elsewhere than before a dot or behind the @, although the part would fit on a line.
function brokenAddresses() {
  const broken = [];
  for (const name of document.querySelectorAll('#last th bdi')) {
    const texts = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(node);
      const lines = new Set([...range.getClientRects()].map((one) => Math.round(one.bottom)));
      if (node.length < 30 && lines.size > 1) broken.push(name.textContent);
    }
  }
  return broken;
}

const validator = new HtmlValidate({ extends: ['html-validate:recommended'] });
for (const file of files) {
  const report = await validator.validateString(readFileSync(file, 'utf8'), file);
  for (const result of report.results) {
    for (const m of result.messages) fault(`${basename(file)}:${m.line}:${m.column}: ${m.ruleId}: ${m.message}`);
  }
}

const profile = mkdtempSync(join(tmpdir(), 'inboxed-chromium-'));
const browser = await puppeteer.launch({
  executablePath: chromium,
  userDataDir: profile,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  for (const file of files) {
    for (const scheme of ['light', 'dark']) {
      for (const width of [1280, 390]) {
        const page = await browser.newPage();
        const asked = [];
        page.on('request', (request) => asked.push(request.url()));
        page.on('console', (message) => fault(`${basename(file)}: console: ${message.text()}`));
        page.on('pageerror', (error) => fault(`${basename(file)}: script: ${error}`));
        await page.setViewport({ width, height: 900, deviceScaleFactor: process.env.SHOTS ? 2 : 1 });
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
        const address = pathToFileURL(resolve(file)).href;
        await page.goto(address, { waitUntil: 'load' });
        for (const other of asked.filter((url) => url !== address)) fault(`${basename(file)}: asks for ${other}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0) fault(`${basename(file)}: ${width} wide, ${wide} too wide`);
        for (const broken of await page.evaluate(brokenAddresses)) fault(`${basename(file)}: ${width}: breaks within a word: ${broken}`);
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations', 'passes'] }));
        if (passes.length < 15) fault(`${basename(file)}: only ${passes.length} rules applied`);
        for (const v of violations) {
          fault(`${basename(file)}: ${width} ${scheme}: ${v.id}: ${v.help}: ${v.nodes.length}: ${v.nodes[0].html.slice(0, 160)}`);
        }
        if (process.env.SHOTS) {
          await page.screenshot({ path: join(process.env.SHOTS, `${basename(file, '.html')}-${scheme}-${width}.png`), fullPage: true });
          if (width === 1280 && scheme === 'light') {
            await page.pdf({ path: join(process.env.SHOTS, `${basename(file, '.html')}.pdf`), format: 'A4', printBackground: true });
          }
        }
        await page.close();
      }
    }
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(`${files.length} pages, ${faults} faults`);
process.exit(faults === 0 ? 0 : 1);
