const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const root = path.join(__dirname, '..');
const run = promisify(execFile);

/** The addon that a process of its own loads with this in its environment. */
async function loadedWith(environment) {
  const script = `require('.'); console.log(Object.keys(require.cache).filter((file) => file.endsWith('.node')).join())`;
  const env = { ...process.env, ...environment };
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: root, env, timeout: 20_000 });
  return stdout.trim();
}

describe('the addon', () => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-native-')));

  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  test('is loaded from where PHANTOMDB_NATIVE_LIBRARY says, and not from where another package looks', async () => {
    const own = await loadedWith({});
    const elsewhere = path.join(folder, 'elsewhere.node');
    fs.copyFileSync(own, elsewhere);
    expect(await loadedWith({ PHANTOMDB_NATIVE_LIBRARY: elsewhere })).toBe(elsewhere);
    expect(await loadedWith({ NAPI_RS_NATIVE_LIBRARY_PATH: elsewhere })).toBe(own);
  });
});
