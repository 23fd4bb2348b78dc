'use strict';

// The tables of the contract (data types, error codes, reasons why a server is unreachable), which the addon has.

module.exports = JSON.parse(require('./native.js').contract());
