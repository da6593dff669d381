'use strict';
(() => {
  const all = JSON.parse(document.getElementById('data').textContent);
  const $ = id => document.getElementById(id);
  const el = (tag, props = {}, ...kids) => {
    const e = Object.assign(document.createElement(tag), props);
    e.append(...kids);
    return e;
  };
  const STATES = ['step', 'answer', 'dead end'];
  const ROW = 22, COLUMN = 250, DOT = 5;
  const canvas = $('canvas'), ctx = canvas.getContext('2d');
  let data, nodes, byOrdinal, best, rows, chosen, hovered, view, colours = {};

  const number = (x, digits = 3) =>
    x === null || x === undefined ? '–' : Number.isInteger(x) ? x.toLocaleString('en') : x.toFixed(digits);
  const bytes = b => {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let i = 0;
    while (b >= 999.5 && i < units.length - 1) { b /= 1000; i++; }
    return (i && b < 99.95 ? b.toFixed(1) : Math.round(b)) + ' ' + units[i];
  };
  const oneLine = s => s.replace(/\s+/g, ' ').trim();

  /* ---------- the tree ---------- */

  function load(index) {
    data = all[index];
    const n = data.nodes;
    nodes = n.ordinal.map((ordinal, i) => ({
      ordinal, parent: null, kids: [], depth: n.depth[i], stage: data.stages[n.stage[i]] || '',
      text: n.text[i], says: n.says[i] ?? n.text[i].trim(), state: n.state[i], tokens: n.tokens[i],
      logProb: n.logProb[i], score: n.score[i], source: data.sources[n.source[i]] || '', solved: n.solved[i] === 1,
      why: n.why[i], pruned: n.pruned[i] === 1, at: n.at[i], open: false, size: 1, best: false,
    }));
    byOrdinal = new Map(nodes.map(v => [v.ordinal, v]));
    nodes.forEach((v, i) => {
      v.parent = byOrdinal.get(n.parent[i]) || null;
      if (v.parent) v.parent.kids.push(v);
    });
    // A search scores equal states once: the others share that score.
    const scored = new Map();
    const key = v => v.state + '|' + v.says;
    nodes.forEach(v => { if (v.score !== null && !scored.has(key(v))) scored.set(key(v), v); });
    nodes.forEach(v => {
      const twin = v.score === null && v.parent ? scored.get(key(v)) : null;
      if (twin) Object.assign(v, { score: twin.score, source: twin.source, solved: twin.solved, twin: twin.ordinal });
    });
    // Children come after their parents: one pass from the end counts what is below.
    for (let i = nodes.length - 1; i >= 0; i--) if (nodes[i].parent) nodes[i].parent.size += nodes[i].size;
    best = data.best.map(o => byOrdinal.get(o)).filter(v => v);
    best.forEach(v => { v.best = true; });
    openSome();
    chosen = best[best.length - 1] || nodes[0];
    hovered = null;
    heading();
    resize();
    start();
    panel();
    charts();
    tables();
  }

  /** Opens the best path, and level by level as many thoughts as can be read. */
  function openSome() {
    nodes.forEach(v => { v.open = false; });
    best.forEach(v => { v.open = true; });
    let budget = 250;
    best.forEach(v => { budget -= v.kids.length; });
    let level = [nodes[0]];
    while (level.length && budget > 0) {
      for (const v of level) {
        if (!v.open && v.kids.length && v.kids.length <= budget) { v.open = true; budget -= v.kids.length; }
      }
      level = level.filter(v => v.open).flatMap(v => v.kids);
    }
    layout();
  }

  /** Rows of the open part: leaves stand below each other, parents between their children. */
  function layout() {
    rows = [];
    let next = 0;
    const stack = [[nodes[0], 0]];
    while (stack.length) {
      const top = stack[stack.length - 1];
      const [v, i] = top;
      const kids = v.open ? v.kids : [];
      if (i === 0) { v.x = v.depth * COLUMN; rows.push(v); }
      if (i < kids.length) { top[1]++; stack.push([kids[i], 0]); continue; }
      if (!kids.length) v.y = next++ * ROW;
      else v.y = (kids[0].y + kids[kids.length - 1].y) / 2;
      stack.pop();
    }
    rows.height = next * ROW;
    rows.width = (1 + rows.reduce((d, v) => Math.max(d, v.depth), 0)) * COLUMN;
    $('shown').textContent = `${rows.length.toLocaleString('en')} of ${nodes.length.toLocaleString('en')} thoughts shown`;
    draw();
  }

  function start() {
    if (rows.height <= canvas.clientHeight * 1.6) fit();
    else { view = { x: 30, y: 0, k: 1 }; centre(chosen); }
  }

  /** The scale across: rows may be squeezed to dots, columns stay as wide as there is room. */
  const across = k => Math.max(k, Math.min(1, (canvas.clientWidth - 60) / rows.width));

  function fit() {
    const k = Math.min(1.4, Math.max(0.3, (canvas.clientWidth - 60) / rows.width), (canvas.clientHeight - 30) / Math.max(ROW, rows.height));
    view = { k, x: 30, y: (canvas.clientHeight - (rows.height - ROW) * k) / 2 };
    draw();
  }

  function centre(v) {
    view.x = Math.min(30, canvas.clientWidth * 0.55 - v.x * across(view.k));
    view.y = canvas.clientHeight / 2 - v.y * view.k;
    draw();
  }

  const mix = (a, b, t) => {
    const p = h => [1, 3, 5].map(i => parseInt(h.slice(i, i + 2), 16));
    const [x, y] = [p(a), p(b)];
    return `rgb(${x.map((c, i) => Math.round(c + (y[i] - c) * t)).join(',')})`;
  };
  const shade = v => v.score === null ? null : mix(colours.low, colours.high, v.score);

  function draw() {
    if (!view) return;
    const w = canvas.clientWidth, h = canvas.clientHeight, k = view.k, kx = across(k);
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, w, h);
    const X = v => v.x * kx + view.x, Y = v => v.y * k + view.y;
    const size = Math.max(1.2, Math.min(DOT, DOT * k * 1.3));
    // Thousands of lines side by side would hide the dots.
    const faint = Math.max(0.15, Math.min(1, k * 4));
    for (const pass of [0, 1]) {
      for (const v of rows) {
        const p = v.parent;
        if (!p || (v.best && p.best) !== (pass === 1)) continue;
        const y = Y(v), py = Y(p);
        if (Math.max(y, py) < -20 || Math.min(y, py) > h + 20) continue;
        ctx.strokeStyle = pass ? colours.best : colours.edge;
        ctx.lineWidth = pass ? 2.5 : 1;
        ctx.globalAlpha = pass ? 1 : faint;
        ctx.setLineDash(v.pruned && k > 0.4 ? [3, 3] : []);
        ctx.beginPath();
        const x0 = X(p) + size, x1 = X(v) - size, m = x1 - 26 * kx;
        ctx.moveTo(x0, py);
        ctx.lineTo(Math.max(x0, x1 - 52 * kx), py);
        ctx.bezierCurveTo(m, py, m, y, x1, y);
        ctx.stroke();
      }
    }
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
    ctx.textBaseline = 'middle';
    const labels = ROW * k >= 10;
    ctx.font = `${Math.max(10, Math.min(13, 12 * k))}px system-ui, "DejaVu Sans", sans-serif`;
    for (const v of rows) {
      const x = X(v), y = Y(v);
      if (y < -20 || y > h + 20 || x < -COLUMN * kx || x > w + 20) continue;
      ctx.globalAlpha = v.pruned || v.state === 2 ? 0.6 : 1;
      mark(v, x, y, size);
      ctx.globalAlpha = 1;
      if (labels || v === chosen || v === hovered) label(v, x, y, size, kx);
    }
  }

  function mark(v, x, y, size) {
    if (v === chosen) {
      ctx.strokeStyle = colours.focus;
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.arc(x, y, size + 3, 0, 7);
      ctx.stroke();
    }
    if (v.state === 2) {
      ctx.strokeStyle = colours.bad;
      ctx.lineWidth = 1.6;
      ctx.beginPath();
      ctx.moveTo(x - size * .7, y - size * .7); ctx.lineTo(x + size * .7, y + size * .7);
      ctx.moveTo(x + size * .7, y - size * .7); ctx.lineTo(x - size * .7, y + size * .7);
      ctx.stroke();
      return;
    }
    ctx.beginPath();
    if (v.state === 1) ctx.rect(x - size, y - size, 2 * size, 2 * size);
    else ctx.arc(x, y, size, 0, 7);
    ctx.fillStyle = shade(v) || colours.bg;
    ctx.fill();
    ctx.strokeStyle = v.best ? colours.best : v.score === null ? colours.none : shade(v);
    ctx.lineWidth = v.best ? 2.5 : 1.2;
    ctx.stroke();
  }

  function label(v, x, y, size, k) {
    let at = x + size + 6;
    const room = Math.max(60, (COLUMN - 62) * k);
    // Lines to children begin behind the dot; a label stands on ground of its own.
    const say = (text, colour) => {
      const width = ctx.measureText(text).width;
      ctx.fillStyle = colours.bg;
      ctx.fillRect(at - 2, y - ROW * 0.36, width + 6, ROW * 0.72);
      ctx.fillStyle = colour;
      ctx.fillText(text, at, y);
      at += width + 6;
    };
    if (v.kids.length && !v.open) {
      say('▸' + (v.size - 1), colours.focus);
    }
    const score = v.score === null ? '' : v.score.toFixed(2) + (v.solved ? '✓' : '');
    if (score) say(score, v.solved ? colours.good : colours.fg);
    const words = v.parent ? oneLine(v.says) || oneLine(v.text) : 'problem';
    const fits = Math.floor((x + room - at) / (ctx.measureText('abcdefghij').width / 10));
    if (fits < 3) return;
    say(words.length > fits ? words.slice(0, fits - 1) + '…' : words, v.best ? colours.best : colours.soft);
  }

  function hit(x, y) {
    const kx = across(view.k), tx = (x - view.x) / kx, ty = (y - view.y) / view.k, reach = Math.max(ROW / 2, 6 / view.k);
    let found = null, least = Infinity;
    for (const v of rows) {
      if (Math.abs(v.y - ty) > reach || tx < v.x - 10 / kx || tx > v.x + COLUMN - 62) continue;
      const d = Math.abs(v.y - ty);
      if (d < least) { least = d; found = v; }
    }
    return found;
  }

  function choose(v, show) {
    for (let p = v.parent; p; p = p.parent) p.open = true;
    chosen = v;
    layout();
    if (show) {
      const y = v.y * view.k + view.y, x = v.x * across(view.k) + view.x;
      if (y < 20 || y > canvas.clientHeight - 20 || x < 10 || x > canvas.clientWidth - 80) centre(v);
    }
    panel();
  }

  function toggle(v) {
    if (!v.kids.length) return;
    const y = v.y;
    v.open = !v.open;
    layout();
    view.y += (y - v.y) * view.k;
    draw();
  }

  function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    const k = Math.max(0.01, Math.min(4, view.k * factor));
    view.x = x - (x - view.x) * across(k) / across(view.k);
    view.y = y - (y - view.y) * k / view.k;
    view.k = k;
    draw();
  }

  function resize() {
    canvas.width = canvas.clientWidth * devicePixelRatio;
    canvas.height = canvas.clientHeight * devicePixelRatio;
    draw();
  }

  let drag = null;
  canvas.addEventListener('pointerdown', e => {
    drag = { x: e.offsetX, y: e.offsetY, vx: view.x, vy: view.y, moved: false };
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener('pointermove', e => {
    if (!drag) {
      const v = hit(e.offsetX, e.offsetY);
      if (v !== hovered) {
        hovered = v;
        canvas.title = v ? `#${v.ordinal} ${oneLine(v.says).slice(0, 200)}` : '';
        draw();
      }
      return;
    }
    const dx = e.offsetX - drag.x, dy = e.offsetY - drag.y;
    if (Math.abs(dx) + Math.abs(dy) > 4) { drag.moved = true; canvas.classList.add('drag'); }
    if (drag.moved) { view.x = drag.vx + dx; view.y = drag.vy + dy; draw(); }
  });
  canvas.addEventListener('pointerup', e => {
    const click = drag && !drag.moved;
    drag = null;
    canvas.classList.remove('drag');
    const v = click ? hit(e.offsetX, e.offsetY) : null;
    if (!v) return;
    // A first click shows a closed thought's children too; a click on the dot opens and closes.
    const onDot = Math.abs(e.offsetX - (v.x * across(view.k) + view.x)) < DOT + 5;
    if (onDot || (!v.open && v !== chosen)) toggle(v);
    choose(v, false);
  });
  canvas.addEventListener('wheel', e => {
    e.preventDefault();
    zoom(Math.exp(-e.deltaY * 0.0015), e.offsetX, e.offsetY);
  }, { passive: false });
  canvas.addEventListener('keydown', e => {
    const siblings = chosen.parent ? chosen.parent.kids : [chosen];
    const at = siblings.indexOf(chosen);
    const to = {
      ArrowLeft: () => chosen.parent, ArrowRight: () => chosen.kids[0],
      ArrowUp: () => siblings[at - 1], ArrowDown: () => siblings[at + 1],
    }[e.key];
    if (to) { const v = to(); if (v) choose(v, true); }
    else if (e.key === 'Enter' || e.key === ' ') toggle(chosen);
    else if (e.key === '+' || e.key === '=') zoom(1.25);
    else if (e.key === '-') zoom(0.8);
    else if (e.key === 'f') fit();
    else if (e.key === 'b') toBest();
    else return;
    e.preventDefault();
  });

  function toBest() {
    const v = best[best.length - 1];
    if (!v) return;
    if (view.k < 0.6) view.k = 1;
    choose(v, false);
    centre(v);
  }

  $('fit').onclick = fit;
  $('tobest').onclick = toBest;
  $('open').onclick = () => { nodes.forEach(v => { v.open = true; }); layout(); fit(); };
  $('close').onclick = () => { nodes.forEach(v => { v.open = false; }); best.forEach(v => { v.open = true; }); nodes[0].open = true; layout(); fit(); };
  $('in').onclick = () => zoom(1.25);
  $('out').onclick = () => zoom(0.8);
  $('find').addEventListener('keydown', e => {
    if (e.key !== 'Enter') return;
    const wanted = $('find').value.trim().toLowerCase();
    if (!wanted) return;
    const from = nodes.indexOf(chosen);
    const is = v => wanted[0] === '#' ? '#' + v.ordinal === wanted : (v.text + '\n' + v.says).toLowerCase().includes(wanted);
    for (let i = 1; i <= nodes.length; i++) {
      const v = nodes[(from + i) % nodes.length];
      if (is(v)) { if (view.k < 0.5) view.k = 1; choose(v, false); centre(v); return; }
    }
    $('shown').textContent = 'nothing found';
  });

  /* ---------- words ---------- */

  const pairs = list => list.filter(([, v]) => v !== '' && v !== null && v !== undefined)
    .map(([k, v, kind]) => el('div', {}, el('dt', { textContent: k }), el('dd', { textContent: v, className: kind || '', id: k === 'score' ? 'score' : '' })));

  function heading() {
    $('title').textContent = data.title;
    document.title = data.title + ' – DeFT';
    $('facts').replaceChildren(...pairs(data.facts));
    $('problem').querySelector('pre').textContent = data.problem;
  }

  function line(v) {
    const b = el('button', { type: 'button', className: 'row' });
    b.append(el('b', { textContent: `#${v.ordinal} ` }), (v.score === null ? '' : v.score.toFixed(2) + ' ') + (v.parent ? oneLine(v.says) : 'problem'));
    b.dataset.thought = v.ordinal;
    b.onclick = () => choose(v, true);
    return b;
  }

  function panel() {
    const v = chosen, root = !v.parent;
    const fate = v.why || (v.best ? 'on the best path' : '');
    const parts = [
      el('h2', { textContent: root ? 'Problem' : `#${v.ordinal} ${v.stage}` }),
      el('dl', {}, ...pairs([
        ['score', v.score === null ? (root ? '' : 'none') : v.score.toFixed(4) + (v.source ? ' by ' + v.source : '') + (v.solved ? ', solved' : '') + (v.twin ? `, of #${v.twin}, which says the same` : '')],
        ['is', root ? '' : STATES[v.state] + (v.pruned ? ', pruned' : '')],
        [v.pruned || v.state === 2 ? 'why' : 'fate', fate],
        ['depth', root ? '' : String(v.depth)],
        ['tokens', root ? '' : number(v.tokens)],
        ['log-prob', root || v.logProb === null ? '' : `${v.logProb.toFixed(2)} (${(v.logProb / Math.max(1, v.tokens)).toFixed(3)} a token)`],
        ['finished', root ? '' : `after ${number(v.at)} s`],
      ])),
      el('pre', { id: 'text', textContent: root ? data.problem : v.text }),
    ];
    if (!root && oneLine(v.says) !== oneLine(v.text)) parts.push(el('h3', { textContent: 'Read as' }), el('pre', { textContent: v.says }));
    const path = [];
    for (let p = v.parent; p; p = p.parent) path.unshift(p);
    if (path.length) parts.push(el('h3', { textContent: 'Comes from' }), ...path.map(line));
    if (v.kids.length) {
      const kids = [...v.kids].sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
      parts.push(el('h3', { textContent: `Leads to ${v.kids.length}` }), ...kids.slice(0, 60).map(line));
      if (kids.length > 60) parts.push(el('p', { textContent: `and ${kids.length - 60} more` }));
    }
    $('panel').replaceChildren(...parts);
  }

  function legend() {
    const svg = s => { const e = el('span'); e.innerHTML = `<svg width="16" height="12">${s}</svg>`; return e.firstChild; };
    const item = (s, t) => el('li', {}, svg(s), t);
    $('legend').replaceChildren(
      item(`<circle cx="8" cy="6" r="4.5" fill="${colours.low}"/>`, 'score 0'),
      item(`<circle cx="8" cy="6" r="4.5" fill="${colours.high}"/>`, 'score 1'),
      item(`<circle cx="8" cy="6" r="4.5" fill="none" stroke="${colours.none}"/>`, 'no score'),
      item(`<rect x="4" y="2" width="8" height="8" fill="${colours.high}"/>`, 'answer'),
      item(`<path d="M4 2l8 8M12 2l-8 8" stroke="${colours.bad}" stroke-width="1.6"/>`, 'dead end'),
      item(`<path d="M0 6h16" stroke="${colours.none}" stroke-dasharray="3 3"/>`, 'pruned'),
      item(`<path d="M0 6h16" stroke="${colours.best}" stroke-width="2.5"/>`, 'best path'),
      item('', '▸n closed, n below'));
  }

  /* ---------- charts ---------- */

  const NS = 'http://www.w3.org/2000/svg';
  const draw1 = (tag, props, text) => {
    const e = document.createElementNS(NS, tag);
    for (const [k, v] of Object.entries(props)) e.setAttribute(k, v);
    if (text !== undefined) e.textContent = text;
    return e;
  };

  function ticks(max, count) {
    if (!(max > 0)) return [0];
    const raw = max / count, mag = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(m => m * mag).find(s => s >= raw);
    const list = [];
    for (let v = 0; v <= max * 1.0001; v += step) list.push(v);
    return list;
  }

  function chart(caption, x, series, form) {
    const W = 480, H = 170, L = 52, R = 10, T = 10, B = 24;
    const maxX = x[x.length - 1] || 1, maxY = Math.max(1e-9, ...series.flatMap(s => s.y));
    const px = v => L + (W - L - R) * v / maxX, py = v => H - B - (H - T - B) * v / maxY;
    const svg = draw1('svg', { viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': caption });
    for (const v of ticks(maxY, 4)) {
      svg.append(draw1('line', { x1: L, x2: W - R, y1: py(v), y2: py(v), stroke: 'var(--line)' }),
        draw1('text', { x: L - 6, y: py(v) + 4, 'text-anchor': 'end' }, form(v)));
    }
    for (const v of ticks(maxX, 6)) svg.append(draw1('text', { x: px(v), y: H - 7, 'text-anchor': v === 0 ? 'start' : px(v) > W - 40 ? 'end' : 'middle' }, number(v, maxX < 1 ? 2 : 1) + ' s'));
    for (const s of series) {
      const at = s.y.map((v, i) => `${px(x[i]).toFixed(1)},${py(v).toFixed(1)}`);
      if (s.area) {
        const d = `M${px(x[0] || 0)},${py(0)}L${at.join('L')}L${px(maxX)},${py(0)}Z`;
        svg.append(draw1('path', { d, fill: 'var(--bg)' }), draw1('path', { d, fill: s.colour, opacity: 0.2 }));
      }
      svg.append(draw1('path', { d: 'M' + at.join('L'), fill: 'none', stroke: s.colour, 'stroke-width': 1.8, 'vector-effect': 'non-scaling-stroke' }));
    }
    const cross = draw1('line', { y1: T, y2: H - B, stroke: 'var(--soft)', visibility: 'hidden', 'vector-effect': 'non-scaling-stroke' });
    svg.append(cross);
    const tip = el('div', { className: 'tip', hidden: true });
    const key = series.map(s => { const k = el('span', {}, el('i'), s.name); k.firstChild.style.background = s.colour; return k; });
    const fig = el('figure', {}, el('figcaption', {}, caption, ...key), svg, tip);
    svg.onpointermove = e => {
      const box = svg.getBoundingClientRect();
      const v = ((e.clientX - box.left) / box.width * W - L) / (W - L - R) * maxX;
      let i = x.findIndex(t => t >= v);
      if (i < 0) i = x.length - 1;
      cross.setAttribute('x1', px(x[i])); cross.setAttribute('x2', px(x[i])); cross.setAttribute('visibility', 'visible');
      tip.textContent = `${x[i].toFixed(2)} s: ` + series.map(s => `${s.name} ${form(s.y[i])}`).join(', ');
      tip.hidden = false;
      tip.style.top = '22px';
      tip.style.left = Math.max(0, Math.min(e.clientX - box.left + 12, box.width - tip.offsetWidth - 4)) + 'px';
    };
    svg.onpointerleave = () => { tip.hidden = true; cross.setAttribute('visibility', 'hidden'); };
    return fig;
  }

  function charts() {
    const s = data.steps, list = [];
    if (s.t.length > 1) {
      list.push(chart('Branches at work', s.t, [{ name: 'live', y: s.live, colour: 'var(--a)', area: true }], v => number(v, 1)));
      list.push(chart('Tokens a second', s.t, [{ name: 'sampled', y: s.rate, colour: 'var(--a)' }], v => number(v, v < 10 ? 1 : 0)));
      if (Math.max(...s.kv) > 0) {
        list.push(chart('Keys and values', s.t, [
          { name: 'were each branch to have a copy', y: s.kv.map((v, i) => v + s.shared[i]), colour: 'var(--b)', area: true },
          { name: 'stored', y: s.kv, colour: 'var(--a)', area: true },
        ], bytes));
      }
    }
    $('charts').replaceChildren(...list);
  }

  function tables() {
    const body = data.ledger.map(([name, spent, limit]) => el('tr', {},
      el('td', { textContent: name }), el('td', { textContent: number(spent) }),
      el('td', { textContent: limit === null ? 'no limit' : number(limit) }),
      el('td', {}, ...(limit === null ? [] : [el('meter', { min: 0, max: limit, value: Math.min(spent, limit), title: `${Math.round(100 * spent / limit)} %` })]))));
    $('ledger').replaceChildren(el('table', {},
      el('caption', { textContent: 'Budget' }),
      el('thead', {}, el('tr', {}, ...['', 'spent', 'limit', ''].map(t => el('th', { textContent: t })))),
      el('tbody', {}, ...body)));
    $('notes').replaceChildren(...(data.notes.length ? [el('table', {},
      el('caption', { textContent: 'What else happened' }),
      el('tbody', {}, ...data.notes.map(([t, n]) => el('tr', {}, el('td', { textContent: number(t) + ' s' }), el('td', { textContent: n })))))] : []));
  }

  /* ---------- the page ---------- */

  function paint() {
    const css = getComputedStyle(document.documentElement);
    for (const name of ['bg', 'fg', 'soft', 'edge', 'low', 'high', 'none', 'best', 'good', 'bad', 'focus']) colours[name] = css.getPropertyValue('--' + name).trim();
    legend();
    draw();
  }
  $('theme').onclick = () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    paint();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  if (all.length > 1) {
    $('pick').hidden = false;
    all.forEach((d, i) => $('pick').append(el('option', { value: i, textContent: `${i + 1}. ${d.title}` })));
    $('pick').onchange = () => load(Number($('pick').value));
  }
  new ResizeObserver(() => { if (view) resize(); }).observe(canvas);
  paint();
  load(0);
  paint();

  /** Where a thought's dot is on the page, for tests and scripts; null while it is not shown. */
  window.deft = {
    where: ordinal => {
      const v = byOrdinal.get(ordinal), box = canvas.getBoundingClientRect();
      return rows.includes(v) ? { x: box.left + v.x * across(view.k) + view.x, y: box.top + v.y * view.k + view.y } : null;
    },
    choose: ordinal => choose(byOrdinal.get(ordinal), true),
  };
})();
