import 'uplot/dist/uPlot.min.css';
import './style.css';

import { render } from 'preact';

import { token } from './api.js';
import { App } from './app.jsx';

// A program that serves the console gives its token in the fragment, which stays out of the history of the browser. The place
// to open may stand behind it: #token=TOKEN&/DATABASE.
const given = /^#token=([^&]+)(?:&(\/.*))?$/.exec(location.hash);
if (given) {
  token.set(decodeURIComponent(given[1]));
  history.replaceState(null, '', location.pathname + (given[2] ? `#${given[2]}` : ''));
}

const root = document.getElementById('app');
root.replaceChildren();
render(<App />, root);
