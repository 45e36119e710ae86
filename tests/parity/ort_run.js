// SPDX-License-Identifier: Apache-2.0
// Runs an ONNX model in ONNX Runtime, on .npy files.
//
//     node ort_run.js JOB.json          NODE_PATH (or "modules" in the job) names a node_modules folder
//
// The job:
//
//     {"model": "model.onnx", "threads": 1,
//      "runs": [{"inputs": {"input": "x.npy"}, "outputs": "folder"}, …],   in this order, in one session
//      "timing": {"warm_up": 3, "runs": 10},                                optional: times every run of "runs"
//      "modules": "…/node_modules"}
//
// Each run writes <outputs>/<output name>.npy (the folder is made, slashes in names become _; leave "outputs" out to
// write nothing). The answer
// is one JSON object on stdout:
//
//     {"version": "1.30.0", "inputs": [names], "outputs": [names],
//      "runs": [{"shapes": {"boxes": [1, 7, 4], …}, "milliseconds": {"median": …, "min": …}} or {"error": "…"}, …]}
//
// or {"error": "…"} and exit code 1 if the model does not load. A run that fails does not stop the later ones.

'use strict';
const fs = require('fs');
const path = require('path');

const TYPES = {
  '<f4': ['float32', Float32Array],
  '<i8': ['int64', BigInt64Array],
  '<i4': ['int32', Int32Array],
  '|u1': ['uint8', Uint8Array],
  '|b1': ['bool', Uint8Array],
};

function readNpy(file) {
  const bytes = fs.readFileSync(file);
  if (bytes.subarray(0, 6).toString('latin1') !== '\x93NUMPY') throw new Error(`${file}: not a .npy file`);
  const long = bytes[6] >= 2;
  const length = long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const start = (long ? 12 : 10) + length;
  const header = bytes.subarray(long ? 12 : 10, start).toString('latin1');
  const type = /'descr':\s*'([^']+)'/.exec(header)[1];
  if (/'fortran_order':\s*True/.test(header)) throw new Error(`${file}: column-major arrays are not read`);
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)[1].split(',').map(s => s.trim()).filter(s => s).map(Number);
  if (!(type in TYPES)) throw new Error(`${file}: element type ${type} is not read`);
  const [name, ArrayType] = TYPES[type];
  const copy = new Uint8Array(bytes.subarray(start));  // its own, aligned buffer
  return {name, dims, data: new ArrayType(copy.buffer, 0, copy.byteLength / ArrayType.BYTES_PER_ELEMENT)};
}

function writeNpy(file, tensor) {
  const type = Object.keys(TYPES).find(key => TYPES[key][0] === tensor.type);
  if (!type) throw new Error(`${file}: element type ${tensor.type} is not written`);
  const shape = tensor.dims.length === 1 ? `${tensor.dims[0]},` : tensor.dims.join(', ');
  let header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape}), }`;
  header += ' '.repeat(63 - (10 + header.length) % 64) + '\n';
  const preamble = Buffer.alloc(10);
  preamble.write('\x93NUMPY\x01\x00', 'latin1');
  preamble.writeUInt16LE(header.length, 8);
  const data = Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  fs.writeFileSync(file, Buffer.concat([preamble, Buffer.from(header, 'latin1'), data]));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function timeRun(session, feeds, timing) {
  for (let i = 0; i < timing.warm_up; ++i) await session.run(feeds);
  const milliseconds = [];
  for (let i = 0; i < timing.runs; ++i) {
    const start = process.hrtime.bigint();
    await session.run(feeds);
    milliseconds.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return {median: median(milliseconds), min: Math.min(...milliseconds)};
}

async function oneRun(ort, session, run, timing) {
  const feeds = {};
  for (const [name, file] of Object.entries(run.inputs)) {
    const array = readNpy(file);
    feeds[name] = new ort.Tensor(array.name, array.data, array.dims);
  }
  const outputs = await session.run(feeds);
  const answer = {shapes: {}};
  if (run.outputs) fs.mkdirSync(run.outputs, {recursive: true});
  for (const [name, tensor] of Object.entries(outputs)) {
    answer.shapes[name] = tensor.dims;
    if (run.outputs) writeNpy(path.join(run.outputs, `${name.replaceAll('/', '_')}.npy`), tensor);
  }
  if (timing) answer.milliseconds = await timeRun(session, feeds, timing);
  return answer;
}

async function main() {
  if (process.argv.length !== 3) throw new Error('usage: node ort_run.js JOB.json');
  const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
  const from = job.modules ? path.join(path.resolve(job.modules), 'onnxruntime-node') : 'onnxruntime-node';
  const ort = require(from);
  const session = await ort.InferenceSession.create(job.model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: job.threads || 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const answer = {
    version: ort.env.versions.node || ort.env.versions.common,
    inputs: session.inputNames,
    outputs: session.outputNames,
    runs: [],
  };
  for (const run of job.runs || []) {
    try {
      answer.runs.push(await oneRun(ort, session, run, job.timing));
    } catch (error) {
      answer.runs.push({error: String(error.message || error)});
    }
  }
  return answer;
}

main().then(
    answer => console.log(JSON.stringify(answer)),
    error => {
      console.log(JSON.stringify({error: String(error.message || error)}));
      process.exitCode = 1;
    });
