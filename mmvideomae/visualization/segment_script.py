"""Look and behaviour of the page of segments."""

SEGMENT_STYLE = """
#video { display: block; box-sizing: border-box; width: 100%; max-height: 52vh; background: #111; }
#moment { min-height: 1.6em; font-size: 18px; font-weight: 600; }
#view { overflow-x: auto; position: relative; }
/* The bar of the player begins 16 pixels from its edges. */
#film { position: relative; margin: 0 16px; min-width: calc(100% - 32px); padding-top: 26px;
  cursor: pointer; }
#ticks { position: absolute; inset: 0; color: #666; font-size: 12px; pointer-events: none; }
#ticks span { position: absolute; top: 0; bottom: 0; border-left: 1px solid #ddd;
  padding-left: 4px; white-space: nowrap; }
.row { position: relative; padding-bottom: 6px; }
.row .name { position: sticky; left: 4px; display: inline-block; max-width: 60vw; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; font-size: 13px; line-height: 18px;
  background: rgb(255 255 255 / 80%); padding: 0 4px; border-radius: 3px; pointer-events: none; }
.bars { position: relative; height: 34px; }
.bars > * { position: absolute; box-sizing: border-box; min-width: 2px; padding: 0; margin: 0; }
.bars .segment { top: 0; height: 24px; border: 1px solid var(--colour); border-radius: 2px;
  background: linear-gradient(var(--mix), var(--mix)), #fff; cursor: pointer;
  --mix: color-mix(in srgb, var(--colour) calc(var(--strength) * 100%), white); }
.truth { bottom: 0; height: 7px; background: var(--colour); border-radius: 1px; }
.bars .now { outline: 3px solid #111; z-index: 1; }
tr.now td { background: #fff0b3; }
.unlikely { display: none; }
#head { position: absolute; top: 0; bottom: 0; width: 2px; background: #222; z-index: 2;
  pointer-events: none; }
.controls { display: flex; flex-wrap: wrap; gap: 6px 20px; align-items: center; }
.controls button { font: inherit; min-width: 36px; margin-right: 6px; }
.list { max-height: 46vh; overflow-y: auto; }
.list td { padding: 3px 24px 3px 4px; }
.list td:last-child { white-space: nowrap; }
.list i { display: inline-block; width: 12px; height: 12px; border-radius: 2px;
  margin-right: 6px; vertical-align: -1px; }
.list button { font: inherit; color: #2166ac; background: none; border: 0; padding: 0;
  cursor: pointer; text-decoration: underline; white-space: nowrap; }
#least { width: 200px; max-width: 40vw; vertical-align: middle; }
@media (max-width: 600px) {
  main { padding: 20px 8px 40px; }
  section { padding: 12px; }
  .list td { padding: 3px 8px 3px 2px; }
}
"""

SEGMENT_SCRIPT = """
(() => {
  const duration = DURATION, steps = [0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800];
  const find = (id) => document.getElementById(id);
  const video = find('video'), view = find('view'), film = find('film'), head = find('head');
  const least = find('least'), words = find('moment'), heading = document.querySelector('h1');
  const segments = [...document.querySelectorAll('.segment')].map((node) => ({
    node, start: +node.dataset.start, end: +node.dataset.end, score: +node.dataset.score,
  }));
  const rows = segments.filter((one) => one.node.tagName === 'TR');
  const name = heading.textContent.replace(/: [0-9]+ segments$/, '');
  let zoom = 1;

  const pad = (number) => String(number).padStart(2, '0');
  function clock(seconds, step) {
    const digits = step < 1 ? 1 : 0, rest = (seconds % 60).toFixed(digits);
    const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
    const tail = rest.padStart(digits ? 4 : 2, '0');
    return hours ? `${hours}:${pad(minutes % 60)}:${tail}` : `${minutes}:${tail}`;
  }
  function drawTicks() {
    const second = film.clientWidth / duration;
    let step = steps.find((one) => one * second >= 70);
    if (!step) step = 3600 * Math.ceil(70 / second / 3600);
    const from = Math.floor(view.scrollLeft / second / step);
    const to = Math.min(duration, (view.scrollLeft + view.clientWidth) / second) / step;
    const ticks = [];
    for (let number = Math.max(from, 0); number <= to; number++) {
      const tick = document.createElement('span');
      tick.style.left = `${100 * number * step / duration}%`;
      if ((duration - number * step) * second > 50) tick.textContent = clock(number * step, step);
      ticks.push(tick);
    }
    find('ticks').replaceChildren(...ticks);
  }
  function zoomTo(wanted, seconds) {
    const offset = seconds / duration * film.clientWidth - view.scrollLeft;
    zoom = Math.min(Math.max(wanted, 1), Math.max(1, duration * 100 / view.clientWidth));
    film.style.width = zoom === 1 ? '' : `calc((100% - 32px) * ${zoom})`;
    view.scrollLeft = seconds / duration * film.clientWidth - offset;
    drawTicks();
  }
  function middle() {
    return (view.scrollLeft + view.clientWidth / 2) / film.clientWidth * duration;
  }
  function keepInView() {
    const x = video.currentTime / duration * film.clientWidth;
    if (x < view.scrollLeft || x > view.scrollLeft + view.clientWidth - 32) {
      view.scrollLeft = x - 0.2 * view.clientWidth;
    }
  }
  function show() {
    const now = video.currentTime;
    head.style.left = `${100 * now / duration}%`;
    let best = null;
    for (const one of segments) {
      const likely = one.score >= +least.value;
      const current = likely && one.start <= now && now < one.end;
      one.node.classList.toggle('unlikely', !likely);
      one.node.classList.toggle('now', current);
      if (current && (!best || one.score > best.score)) best = one;
    }
    words.textContent = best ? `${best.node.dataset.label} (${best.score.toFixed(2)})` : '\\u00a0';
    const likely = rows.filter((one) => one.score >= +least.value).length;
    const count = likely === rows.length ? likely : `${likely} of ${rows.length}`;
    document.title = heading.textContent = `${name}: ${count} segments`;
  }
  function follow() {
    show();
    if (video.paused || video.ended) return;
    keepInView();
    requestAnimationFrame(follow);
  }
  function seek(seconds) {
    video.currentTime = Math.min(Math.max(seconds, 0), duration);
    show();
    keepInView();
  }
  function step(by) {
    const now = video.currentTime;
    const starts = rows.filter((one) => one.score >= +least.value).map((one) => one.start);
    starts.sort((a, b) => a - b);
    const next = by > 0 ? starts.find((start) => start > now + 0.01)
      : starts.reverse().find((start) => start < now - 0.5);
    if (next !== undefined) seek(next);
  }
  const keys = {
    ' ': () => video.paused ? video.play() : video.pause(),
    ArrowLeft: () => seek(video.currentTime - 5),
    ArrowRight: () => seek(video.currentTime + 5),
    n: () => step(1),
    p: () => step(-1),
    '+': () => zoomTo(zoom * 2, video.currentTime),
    '-': () => zoomTo(zoom / 2, video.currentTime),
    0: () => zoomTo(1, 0),
  };

  for (const one of segments) {
    one.node.addEventListener('click', (event) => {
      event.stopPropagation();
      seek(one.start);
      video.play();
    });
  }
  film.addEventListener('click', (event) => {
    const box = film.getBoundingClientRect();
    seek((event.clientX - box.left) / box.width * duration);
  });
  least.addEventListener('input', () => {
    find('limit').textContent = (+least.value).toFixed(2);
    show();
  });
  find('wider').addEventListener('click', () => zoomTo(zoom * 2, middle()));
  find('narrower').addEventListener('click', () => zoomTo(zoom / 2, middle()));
  find('whole').addEventListener('click', keys[0]);
  view.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const x = event.clientX - film.getBoundingClientRect().left;
    zoomTo(zoom * (event.deltaY < 0 ? 1.25 : 0.8), x / film.clientWidth * duration);
  }, {passive: false});
  document.addEventListener('keydown', (event) => {
    const own = event.target.matches('video, input, button') && !/^[np0+-]$/.test(event.key);
    if (own || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  view.addEventListener('scroll', drawTicks);
  addEventListener('resize', drawTicks);
  for (const each of ['play', 'seeked', 'timeupdate']) video.addEventListener(each, follow);
  video.addEventListener('error', () => { words.textContent = 'this browser cannot play it'; });
  const asked = /^#t=([0-9.]+)$/.exec(location.hash);
  if (asked && video.readyState) seek(+asked[1]);
  else if (asked) video.addEventListener('loadedmetadata', () => seek(+asked[1]), {once: true});
  show();
  drawTicks();
})();
"""
