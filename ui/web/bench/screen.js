// The kiosk's screen, live: a picture that is fetched again when it changed, and touches sent back.

import { byId, setText } from '../hall/dom.js';

/** Without a frame number the screen cannot tell us when it changed: look this often. */
const LOOK_EVERY_MS = 400;
/** After a failure: the screen may be starting. */
const RETRY_AFTER_MS = 1500;

/** Follows the screen for ever and makes it touchable. */
export function followScreen() {
  const canvas = /** @type {HTMLCanvasElement} */ (byId('screen'));
  canvas.addEventListener('pointerdown', (event) => touch(canvas, event));
  follow(canvas);
}

/** @param {HTMLCanvasElement} canvas */
async function follow(canvas) {
  /** @type {string|null} */
  let frame = null;
  for (;;) {
    let waitMs = 0;
    try {
      const answer = await fetch(`/kiosk-screen/screen.png${frame === null ? '' : `?rev=${frame}`}`);
      if (!answer.ok) throw new Error(await answer.text());
      const seen = answer.headers.get('x-frame');
      if (seen === null || seen !== frame) await draw(canvas, await answer.blob());
      frame = seen;
      waitMs = seen === null ? LOOK_EVERY_MS : 15;
      byId('no-screen').hidden = true;
    } catch {
      setText(byId('no-screen'), '取号机屏幕还没有开机，正在等待…');
      byId('no-screen').hidden = false;
      frame = null;
      waitMs = RETRY_AFTER_MS;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** @param {HTMLCanvasElement} canvas @param {Blob} picture */
async function draw(canvas, picture) {
  const image = await createImageBitmap(picture);
  if (canvas.width !== image.width || canvas.height !== image.height) {
    canvas.width = image.width;
    canvas.height = image.height;
  }
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  image.close();
  canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
}

/** @param {HTMLCanvasElement} canvas @param {PointerEvent} event */
function touch(canvas, event) {
  const { x, y } = pointOnScreen(canvas, event);
  ripple(canvas, event);
  fetch('/kiosk-screen/touch', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ x, y }),
  }).catch(() => {});
}

/**
 * Where a click is on the kiosk's own screen, in its pixels.
 * @param {{width: number, height: number, getBoundingClientRect: () => {left: number, top: number, width: number,
 *   height: number}}} canvas
 * @param {{clientX: number, clientY: number}} click
 */
export function pointOnScreen(canvas, click) {
  const box = canvas.getBoundingClientRect();
  const along = (at, size, pixels) => Math.min(pixels - 1, Math.max(0, Math.floor((at / size) * pixels)));
  return {
    x: along(click.clientX - box.left, box.width, canvas.width),
    y: along(click.clientY - box.top, box.height, canvas.height),
  };
}

/** Shows where the finger was. @param {HTMLCanvasElement} canvas @param {PointerEvent} event */
function ripple(canvas, event) {
  const box = canvas.getBoundingClientRect();
  const ring = document.createElement('span');
  ring.className = 'ripple';
  ring.style.left = `${event.clientX - box.left + canvas.offsetLeft}px`;
  ring.style.top = `${event.clientY - box.top + canvas.offsetTop}px`;
  canvas.parentElement?.append(ring);
  setTimeout(() => ring.remove(), 600);
}
