// node-postgres plays the contract cases: node_postgres.js CASES HOST PORT
'use strict';
const {Client, Pool} = require('pg');
const Cursor = require('pg-cursor');
const cases = require('./cases.js');
const [path, host, port] = process.argv.slice(2);
const options = {host, port: Number(port), user: 'postgres', database: 'postgres'};

const connect = async (more = {}) => {
  const client = new Client({...options, ...more});
  client.on('error', () => {}); // a lost connection is seen by who asks
  await client.connect();
  return client;
};

/// Values with their JavaScript types.
const native = value => value === null                 ? 'null'
    : value instanceof Date                             ? `Date(${isNaN(value) ? value : value.toISOString()})`
    : Buffer.isBuffer(value)                            ? `Buffer(${value.toString('hex')})`
    : Array.isArray(value)                              ? `[${value.map(native).join(', ')}]`
    : typeof value === 'string'                         ? `'${value}'`
                                                        : JSON.stringify(value);
const said = error => `${error.code} ${error.message}` + (error.constraint ? ` [${error.constraint}]` : '');
const ask = async (client, text, parameters) => {
  try {
    const result = await client.query({text, values: parameters, rowMode: 'array'});
    const fields = result.fields || [];
    const columns = fields.map(f => `${f.name}:${f.dataTypeID}:${f.dataTypeModifier}`).join(' ');
    return `${result.command} ${result.rowCount} (${columns}) ${native(result.rows)}`;
  } catch (error) {
    return said(error);
  }
};

const own = {
  'a pool': async () => {
    const pool = new Pool({...options, max: 10, application_name: 'pooled', idleTimeoutMillis: 10000});
    pool.on('error', () => {});
    const sums = await Promise.all(Array.from({length: 40}, (_, i) => pool.query('SELECT $1::int + 1 AS n', [i])));
    const name = await pool.query('SHOW application_name');
    await pool.end();
    return [sums.reduce((sum, {rows}) => sum + rows[0].n, 0), name.rows];
  },
  'statements prepared by name': async client => {
    const named = {name: 'add', text: 'SELECT $1::int8 + $2 AS sum', values: [1, 2]};
    return [(await client.query(named)).rows, (await client.query({...named, values: [3, 4]})).rows,
            await client.query({name: 'add', text: 'SELECT 1'}).catch(error => error.message)];
  },
  'values of JavaScript': async client => {
    const values = [1.5, true, new Date(Date.UTC(2024, 0, 2, 3, 4, 5, 6)), Buffer.from([0, 255]), {a: [1, null]}, null];
    const types = ['float8', 'bool', 'timestamptz', 'bytea', 'jsonb', 'text'];
    const found = [];
    for (const [i, value] of values.entries())
      found.push(native((await client.query(`SELECT $1::${types[i]} AS v`, [value])).rows[0].v));
    found.push(native((await client.query('SELECT $1::int[] AS v', [[1, 2, null]])).rows[0].v));
    found.push(native((await client.query('SELECT $1::text[] AS v', [['a', 'b"c', null]])).rows[0].v));
    return found;
  },
  'binary results': async client => {
    const text = 'SELECT 1::int2, 2::int4, 3::int8, 1.5::float4, 2.5::float8, true, $1::text, now() > $2::timestamptz';
    return ask(client, {text, binary: true, values: ['x', '2020-01-01T00:00:00Z']});
  },
  'portals with row limits': async client => {
    await client.query('BEGIN');
    const cursor = client.query(new Cursor('SELECT n FROM generate_series(1, $1) AS n', [25]));
    const sizes = [];
    for (let rows = await cursor.read(10); rows.length > 0; rows = await cursor.read(10))
      sizes.push([rows.length, rows[0].n]);
    await cursor.close();
    await client.query('COMMIT');
    return sizes;
  },
  'several statements at once': async client => {
    const results = await client.query(`DROP TABLE IF EXISTS several; CREATE TABLE several (n int);
      INSERT INTO several VALUES (1), (2); SELECT n FROM several ORDER BY n -- done`);
    return results.map(({command, rowCount, rows}) => [command, rowCount, rows]);
  },
  'a password that is not asked for': async () => {
    const client = await connect({password: 'secret', statement_timeout: 5000});
    const seen = (await client.query('SHOW statement_timeout')).rows;
    await client.end();
    return seen;
  },
};

(async () => {
  for (const {name, steps} of cases.read(path)) {
    const clients = {a: await connect(), b: await connect()};
    const results = [];
    for (const {which, text, parameters} of steps)
      results.push(await ask(clients[which], text, parameters));
    cases.report(name, results);
    await Promise.all([clients.a.end(), clients.b.end()]);
  }
  for (const [name, body] of Object.entries(own)) {
    const client = await connect();
    let result;
    try {
      result = JSON.stringify(await body(client));
    } catch (error) {
      result = said(error);
    }
    cases.report(name, [result]);
    await client.end();
  }
})();
