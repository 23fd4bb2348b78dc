import 'uplot/dist/uPlot.min.css';
import './style.css';

import { render } from 'preact';

import { token } from './api.js';
import { App } from './app.jsx';

// A program that serves the console gives its token in the fragment, which stays out of the history of the browser.
const given = /^#token=(.+)$/.exec(location.hash);
if (given) {
  token.set(decodeURIComponent(given[1]));
  history.replaceState(null, '', location.pathname);
}

const root = document.getElementById('app');
root.replaceChildren();
render(<App />, root);
