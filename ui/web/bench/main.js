// The bench: a kiosk, its reader and its printer, all emulated, under one pair of hands.

import { byId, make, setText } from '../hall/dom.js';
import { ask, repeat } from './api.js';
import { showMaker } from './maker.js';
import { showPrinter } from './printer.js';
import { showReader } from './reader.js';
import { followScreen } from './screen.js';

/** @type {Record<string, {zh: string, en: string}>} */
const PAGES = {
  board: { zh: '叫号屏', en: 'Board' },
  clerk: { zh: '窗口叫号', en: 'Clerk' },
  phone: { zh: '手机查询', en: 'Phone' },
  manager: { zh: '大厅管理', en: 'Manager' },
  maker: { zh: '制证机', en: 'Card maker' },
};

/** @type {ReturnType<typeof setTimeout>|undefined} */
let hide;

/** @param {unknown} error */
function failed(error) {
  const trouble = byId('trouble');
  setText(trouble, `没有做成：${error instanceof Error ? error.message : error}`);
  trouble.hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => {
    trouble.hidden = true;
  }, 6000);
}

async function showLinks() {
  const links = await ask('GET', '/links');
  const pairs = Array.isArray(links) ? links.map(({ name, url }) => [name, url]) : Object.entries(links);
  byId('links').replaceChildren(...pairs.map(([name, url]) => link(name, url)));
}

/** @param {string} name @param {string} url */
function link(name, url) {
  const page = PAGES[name] ?? { zh: name, en: '' };
  return make('a', { href: url, target: '_blank', rel: 'noopener' }, page.zh, make('small', { lang: 'en' }, page.en));
}

followScreen();
showReader(failed);
showPrinter(failed);
showMaker(failed);
repeat(10_000, showLinks);
