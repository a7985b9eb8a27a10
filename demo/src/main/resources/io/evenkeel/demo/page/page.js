'use strict';

// Shows the states that the server sends. A connection is a dot: what the servers count per Pod and client process is
// compared with the dots that are there, and a dot that is too many at one Pod goes to one where it is missing.
const LEADS = {
  jdbc: 'Real PostgreSQL servers. Four client processes with 12 connections each, the same queries on both: '
      + 'HikariCP behind a Kubernetes Service, which picks a Pod once per connection at random, and Evenkeel.',
  amqp: 'Real AMQP brokers (Qpid) that share their queues. Six client processes with two connections each send messages '
      + 'with confirms and receive them: RabbitMQ\'s own client behind a Kubernetes Service, and Evenkeel.',
  rsocket: 'Real RSocket servers. Six client processes, the same requests on both: rsocket-java with one connection '
      + 'each behind a Kubernetes Service, and Evenkeel.'
};
const token = document.querySelector('meta[name="evenkeel-token"]').content;
const offered = document.querySelector('meta[name="evenkeel-exhibits"]').content.split(',');
const board = document.getElementById('board');
const timeline = document.getElementById('timeline');
const message = document.getElementById('message');
const link = document.getElementById('link');
const phase = document.getElementById('phase');

// How long a dot waits for the other end of its move: servers are counted one after another, four times a second.
const LEAVES_AFTER = 1600;
const COMES_AFTER = 900;

// As in the style sheet: a dot and the gap beside it, in pixels.
const GAP = 4;
const STEP = 11 + GAP;

let exhibit = null;
let source = null;
let run = null;
let lastEvent = 0;
let pods = new Map();
let sides = new Map();
let dots = [];
let missing = new Map();
let nextDot = 1;

function element(tag, classes, text) {
  const made = document.createElement(tag);
  if (classes) {
    made.className = classes;
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}

function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function show(name) {
  if (name === exhibit) {
    return;
  }
  exhibit = name;
  if (location.hash !== '#' + name) {
    history.replaceState(null, '', '#' + name);
  }
  document.querySelectorAll('#tabs button').forEach(tab => {
    const chosen = tab.dataset.exhibit === name;
    tab.setAttribute('aria-selected', chosen);
    tab.tabIndex = chosen ? 0 : -1;
  });
  document.getElementById('exhibit').setAttribute('aria-labelledby', 'tab-' + name);
  setText(document.getElementById('lead'), LEADS[name]);
  clear();
  connect();
}

function clear() {
  board.replaceChildren();
  board.hidden = true;
  timeline.replaceChildren();
  setText(message, '');
  pods = new Map();
  sides = new Map();
  dots = [];
  missing = new Map();
  lastEvent = 0;
}

function connect() {
  if (source) {
    source.close();
  }
  const opened = new EventSource('/events?' + exhibit);
  source = opened;
  setLink('connecting');
  opened.onopen = () => setLink('live');
  opened.onmessage = event => {
    if (source === opened) {
      take(JSON.parse(event.data));
    }
  };
  opened.onerror = () => {
    if (source === opened) {
      setLink('connecting');
      if (opened.readyState === EventSource.CLOSED) {
        // refused: the browser itself tries no more
        setTimeout(() => source === opened && connect(), 1000);
      }
    }
  };
}

function setLink(state) {
  link.dataset.state = state;
  setText(link, state === 'live' ? 'live' : 'connecting');
}

function take(state) {
  if (run !== null && state.run !== run) {
    // another server: it knows neither this page's token nor its Pods
    location.reload();
    return;
  }
  run = state.run;
  const isOpen = state.phase === 'open';
  phase.hidden = isOpen;
  board.hidden = !isOpen;
  if (!isOpen) {
    setText(phase, state.text);
    return;
  }
  document.querySelectorAll('#tools button').forEach(button => enable(button, state.can[button.dataset.action]));
  showSides(state);
  showPods(state);
  state.sides.forEach(side => matchDots(side));
  place();
  showEvents(state.events);
}

function enable(button, may) {
  button.setAttribute('aria-disabled', !may);
}

function showSides(state) {
  state.sides.forEach(side => {
    let known = sides.get(side.key);
    if (!known) {
      known = makeSide(side, state.unit);
      sides.set(side.key, known);
    }
    const counts = Object.values(side.connections).map(sum);
    setText(known.rate, side.rate + ' /s');
    setText(known.failed, String(side.failed));
    known.failed.classList.toggle('bad', side.failed > 0);
    setText(known.p99, side.p99 === undefined ? '–' : side.p99.toFixed(1) + ' ms');
    setText(known.busiest, busiest(side, state.pods));
    setText(known.connections, String(counts.reduce((a, b) => a + b, 0)));
  });
}

function makeSide(side, unit) {
  const box = element('section', 'side ' + side.key);
  box.append(element('h3', '', side.title));
  const list = element('dl');
  const made = {};
  [['rate', unit], ['failed', 'failed so far'], ['p99', 'p99'], ['busiest', 'busiest / mean'],
    ['connections', 'connections']].forEach(([key, label]) => {
    made[key] = element('dd');
    made[key].dataset.figure = key;
    list.append(element('dt', '', label), made[key]);
  });
  box.append(list);
  board.append(box);
  return made;
}

function sum(counts) {
  return Object.values(counts).reduce((a, b) => a + b, 0);
}

// The busiest Pod's part over the mean of those that are ready; 1 is even.
function busiest(side, all) {
  const ready = all.filter(pod => pod.state === 'ready').map(pod => side.shares[pod.name] || 0);
  const mean = ready.reduce((a, b) => a + b, 0) / ready.length;
  return mean > 0 ? (Math.max(...ready) / mean).toFixed(2) : '–';
}

function showPods(state) {
  const names = new Set(state.pods.map(pod => pod.name));
  pods.forEach((pod, name) => {
    if (!names.has(name)) {
      pod.parts.forEach(part => part.remove());
      pods.delete(name);
    }
  });
  board.style.setProperty('--pods', state.pods.length);
  state.pods.forEach((pod, index) => {
    let known = pods.get(pod.name);
    if (!known) {
      known = makePod(pod);
      pods.set(pod.name, known);
    }
    known.parts.forEach(part => part.style.setProperty('--column', index + 2));
    known.head.dataset.state = pod.state;
    setText(known.state, pod.state);
    known.buttons.forEach(button => enable(button, pod.free));
    state.sides.forEach(side => {
      const share = side.shares[pod.name] || 0;
      const cell = known.cells[side.key];
      cell.bar.style.setProperty('--part', (share * 100).toFixed(1) + '%');
      setText(cell.text, Math.round(share * 100) + ' %');
      const count = sum(side.connections[pod.name] || {});
      cell.box.dataset.connections = count;
      cell.box.setAttribute('aria-label',
          pod.name + ', ' + side.title + ': ' + count + ' connections, ' + Math.round(share * 100) + ' % of answers');
    });
  });
}

function makePod(pod) {
  const head = element('section', 'pod');
  head.dataset.pod = pod.name;
  const state = element('p', 'state');
  const actions = element('div', 'actions');
  const buttons = [['drain', 'Drain'], ['kill', 'Kill'], ['freeze', 'Freeze']].map(([action, label]) => {
    const button = element('button', '', label);
    button.type = 'button';
    button.dataset.action = action;
    button.dataset.pod = pod.name;
    button.setAttribute('aria-label', label + ' ' + pod.name);
    actions.append(button);
    return button;
  });
  head.append(element('h3', '', pod.name), state, actions);
  board.append(head);
  const cells = {};
  sides.forEach((ignored, key) => cells[key] = makeCell(pod, key));
  return {head, state, buttons, cells, parts: [head, ...Object.values(cells).map(cell => cell.box)]};
}

function makeCell(pod, key) {
  const box = element('div', 'cell ' + key);
  box.dataset.pod = pod.name;
  box.dataset.side = key;
  box.setAttribute('role', 'img');
  const seats = element('div', 'seats');
  const share = element('div', 'share');
  const bar = element('div', 'bar');
  const part = element('i');
  const text = element('span');
  bar.append(part);
  share.append(bar, text);
  box.append(seats, share);
  board.append(box);
  return {box, seats, bar, text};
}

// What a server counts and what is drawn, by client process and Pod.
function matchDots(side) {
  const now = performance.now();
  const processes = new Set(dots.filter(dot => dot.side === side.key).map(dot => dot.process));
  Object.values(side.connections).forEach(counts => Object.keys(counts).forEach(name => processes.add(name)));
  processes.forEach(process => matchProcess(side, process, now));
}

function matchProcess(side, process, now) {
  const mine = dots.filter(dot => dot.side === side.key && dot.process === process && !dot.gone);
  const lacking = [];
  const spare = [];
  const names = new Set([...Object.keys(side.connections), ...mine.map(dot => dot.pod)]);
  names.forEach(pod => {
    const here = mine.filter(dot => dot.pod === pod);
    // those that wait to leave are the first that may stay
    here.sort((a, b) => a.leavingSince - b.leavingSince);
    const wanted = pods.has(pod) ? (side.connections[pod] || {})[process] || 0 : 0;
    here.slice(0, wanted).forEach(stay);
    spare.push(...here.slice(wanted));
    for (let i = here.length; i < wanted; i++) {
      lacking.push(pod);
    }
  });
  while (spare.length > 0 && lacking.length > 0) {
    move(spare.shift(), lacking.shift(), now);
  }
  spare.forEach(dot => leave(dot, now));
  const key = side.key + '/' + process;
  const since = lacking.length === 0 ? undefined : missing.get(key) || now;
  if (since === undefined) {
    missing.delete(key);
  } else if (mine.length > 0 && now - since < COMES_AFTER) {
    missing.set(key, since);
  } else {
    missing.delete(key);
    lacking.forEach(pod => appear(side.key, process, pod));
  }
}

function stay(dot) {
  dot.leavingSince = 0;
  dot.node.classList.remove('leaving');
}

function move(dot, pod, now) {
  stay(dot);
  dot.pod = pod;
  dot.node.dataset.pod = pod;
  dot.node.classList.add('moving');
  dot.movedAt = now;
}

function leave(dot, now) {
  if (dot.leavingSince === 0) {
    dot.leavingSince = now;
    dot.node.classList.add('leaving');
  } else if (now - dot.leavingSince > LEAVES_AFTER || !pods.has(dot.pod)) {
    dot.gone = true;
    dot.node.classList.add('gone');
    setTimeout(() => dot.node.remove(), 500);
    dots.splice(dots.indexOf(dot), 1);
  }
}

function appear(side, process, pod) {
  const node = element('i', 'dot gone ' + side);
  node.dataset.id = String(nextDot);
  node.dataset.side = side;
  node.dataset.pod = pod;
  node.dataset.process = process;
  board.append(node);
  dots.push({id: nextDot++, side, process, pod, node, leavingSince: 0, movedAt: 0, gone: false, fresh: true});
}

// Every dot has a place in the grid of its cell. Sizes are read first and written after, so that the page is laid out
// once. What flies is what moved to another Pod, or up within its cell. When cells themselves change their places, the
// dots in them go along at once, and a new dot is in its place from the first.
function place() {
  const groups = new Map();
  dots.forEach(dot => {
    const key = dot.side + '/' + dot.pod;
    groups.set(key, (groups.get(key) || []).concat(dot));
  });
  const cells = [];
  let tallest = 0;
  pods.forEach((pod, name) => Object.entries(pod.cells).forEach(([side, cell]) => {
    const here = (groups.get(side + '/' + name) || []).sort(byProcess);
    const columns = Math.max(1, Math.floor((cell.seats.clientWidth + GAP) / STEP));
    tallest = Math.max(tallest, Math.ceil(here.length / columns) * STEP);
    cells.push({cell, here, columns});
  }));
  board.style.setProperty('--seats', Math.max(4 * STEP, tallest) + 'px');
  const origin = board.getBoundingClientRect();
  const flying = [];
  const riding = [];
  cells.forEach(({cell, here, columns}) => {
    const box = cell.seats.getBoundingClientRect();
    const left = box.left - origin.left - board.clientLeft;
    const top = box.top - origin.top - board.clientTop;
    const shifted = cell.left !== left || cell.top !== top || cell.columns !== columns;
    Object.assign(cell, {left, top, columns});
    here.forEach((dot, index) => {
      const target = {dot, x: left + (index % columns) * STEP, y: top + Math.floor(index / columns) * STEP};
      (dot.fresh || (shifted && dot.movedAt === 0) ? riding : flying).push(target);
    });
  });
  riding.forEach(({dot}) => dot.node.classList.add('riding'));
  riding.forEach(put);
  if (riding.length > 0) {
    // the places are taken before the transition is back
    board.getBoundingClientRect();
    riding.forEach(({dot}) => dot.node.classList.remove('riding'));
  }
  flying.forEach(put);
}

function put({dot, x, y}) {
  dot.node.style.setProperty('--x', x.toFixed(1) + 'px');
  dot.node.style.setProperty('--y', y.toFixed(1) + 'px');
  if (dot.fresh) {
    dot.fresh = false;
    requestAnimationFrame(() => dot.node.classList.remove('gone'));
  }
  if (dot.movedAt !== 0 && performance.now() - dot.movedAt > 1200) {
    dot.movedAt = 0;
    dot.node.classList.remove('moving');
  }
}

function byProcess(a, b) {
  return a.process < b.process ? -1 : a.process > b.process ? 1 : a.id - b.id;
}

function showEvents(events) {
  events.filter(event => event.number > lastEvent).forEach(event => {
    lastEvent = event.number;
    const line = element('li');
    line.append(element('time', '', event.at.toFixed(1) + ' s'), element('span', '', event.text));
    timeline.prepend(line);
  });
  while (timeline.children.length > 40) {
    timeline.lastElementChild.remove();
  }
}

async function act(button) {
  if (button.getAttribute('aria-disabled') === 'true') {
    return;
  }
  const wish = {exhibit, action: button.dataset.action};
  if (button.dataset.pod) {
    wish.pod = button.dataset.pod;
  }
  try {
    const answer = await fetch('/act', {
      method: 'POST',
      headers: {'Content-Type': 'application/json', 'X-Evenkeel-Token': token},
      body: JSON.stringify(wish)
    });
    setText(message, answer.ok ? '' : await answer.text());
  } catch (unreachable) {
    setText(message, 'The server does not answer');
  }
}

document.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button && button.dataset.action) {
    act(button);
  } else if (button && button.dataset.exhibit) {
    show(button.dataset.exhibit);
  }
});

document.getElementById('tabs').addEventListener('keydown', event => {
  const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
  if (step) {
    const tabs = [...document.querySelectorAll('#tabs button')].filter(tab => !tab.hidden);
    const next = tabs[(tabs.findIndex(tab => tab.dataset.exhibit === exhibit) + step + tabs.length) % tabs.length];
    next.focus();
    show(next.dataset.exhibit);
  }
});

// called between layout and painting, so dots are never seen beside their cells
new ResizeObserver(place).observe(board);
document.querySelectorAll('#tabs button').forEach(tab => tab.hidden = !offered.includes(tab.dataset.exhibit));
show(offered.includes(location.hash.slice(1)) ? location.hash.slice(1) : offered[0]);
