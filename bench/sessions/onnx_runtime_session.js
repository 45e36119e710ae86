// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime, answering as detect_session does (bench/README.md).
//
//     node onnx_runtime_session.js MODEL.onnx THREADS PIXELS BATCH HEIGHT WIDTH     NODE_PATH names a node_modules folder
//     node onnx_runtime_session.js --matmul MODEL.onnx SIZE THREADS                a model that multiplies two matrices
//     node onnx_runtime_session.js --tensors MODEL.onnx THREADS NAME=FILE.npy …     any model, on arrays of float32 or int64
//     node onnx_runtime_session.js --nothing                                       Node alone: its own start and memory

'use strict';
const fs = require('fs');
const readline = require('readline');

const answer = line => process.stdout.write(`${JSON.stringify(line)}\n`);

function peakMemory() {
  const kibibytes = /VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1];
  return Number(kibibytes) * 1024 / 1e6;
}

// [batch, 3, height, width] in 0–1 from interleaved bytes.
function planes(file, batch, height, width) {
  const bytes = fs.readFileSync(file);
  const area = height * width;
  const values = new Float32Array(batch * 3 * area);
  for (let n = 0; n < batch; ++n) {
    for (let channel = 0; channel < 3; ++channel) {
      const plane = (3 * n + channel) * area;
      for (let i = 0; i < area; ++i) values[plane + i] = bytes[3 * (n * area + i) + channel] / 255;
    }
  }
  return values;
}

// One list per picture, from either output layout.
function detections(outputs) {
  const {boxes, labels, scores, valid_detections: valid} = outputs;
  const batch = valid ? valid.data.length : 1;
  const columns = scores.data.length / batch;
  return Array.from({length: batch}, (_, n) => {
    const count = valid ? Number(valid.data[n]) : columns;
    return Array.from({length: count}, (__, i) => {
      const row = n * columns + i;
      return {label: Number(labels.data[row]), score: scores.data[row], box: Array.from(boxes.data.slice(4 * row, 4 * row + 4))};
    });
  });
}

async function open(model, threads) {
  const ort = require('onnxruntime-node');
  const start = process.hrtime.bigint();
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const loadMs = Number(process.hrtime.bigint() - start) / 1e6;
  return {ort, session, ready: {ready: true, load_ms: loadMs, version: ort.env.versions.node || ort.env.versions.common}};
}

async function serve(run) {
  let outputs = null;
  for await (const line of readline.createInterface({input: process.stdin})) {
    if (line === 'run') {
      const start = process.hrtime.bigint();
      outputs = await run();
      answer({ms: Number(process.hrtime.bigint() - start) / 1e6});
    } else if (line === 'detections') {
      answer({images: detections(outputs)});
    } else if (line === 'memory') {
      answer({peak_mb: peakMemory()});
    } else {
      throw new Error(`unknown request: ${line}`);
    }
  }
}

// An array as numpy.save writes it, of float32 or int64.
function readArray(ort, file) {
  const bytes = fs.readFileSync(file);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.subarray(10, start).toString('latin1');
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)[1].split(',').map(s => s.trim()).filter(s => s).map(Number);
  const [type, ArrayType] = header.includes("'<i8'") ? ['int64', BigInt64Array] : ['float32', Float32Array];
  const copy = new Uint8Array(bytes.subarray(start));
  return new ort.Tensor(type, new ArrayType(copy.buffer), dims);
}

async function main(args) {
  if (args[0] === '--nothing') {
    answer({ready: true});
    return serve(async () => null);
  }
  if (args[0] === '--matmul' && args.length === 4) {
    const size = Number(args[2]);
    const {ort, session, ready} = await open(args[1], Number(args[3]));
    const matrix = new ort.Tensor('float32', new Float32Array(size * size).fill(0.5), [size, size]);
    answer(ready);
    return serve(() => session.run({a: matrix, b: matrix}));
  }
  if (args[0] === '--tensors' && args.length >= 4) {
    const {ort, session, ready} = await open(args[1], Number(args[2]));
    const feeds = {};
    for (const text of args.slice(3)) {
      const equals = text.indexOf('=');
      feeds[text.slice(0, equals)] = readArray(ort, text.slice(equals + 1));
    }
    answer(ready);
    return serve(() => session.run(feeds));
  }
  if (args.length !== 6) throw new Error('usage: onnx_runtime_session.js MODEL THREADS PIXELS BATCH HEIGHT WIDTH');
  const [batch, height, width] = args.slice(3).map(Number);
  const {ort, session, ready} = await open(args[0], Number(args[1]));
  const values = planes(args[2], batch, height, width);
  // torchvision's own export takes one picture without a batch axis.
  const rank = session.inputMetadata?.[0]?.shape?.length ?? (session.outputNames.includes('valid_detections') ? 4 : 3);
  const dims = rank === 3 ? [3, height, width] : [batch, 3, height, width];
  const feeds = {[session.inputNames[0]]: new ort.Tensor('float32', values, dims)};
  answer(ready);
  return serve(() => session.run(feeds));
}

main(process.argv.slice(2)).catch(error => {
  answer({error: String(error.message || error)});
  process.exitCode = 1;
});
