import { webgpu } from "@dl/backend-tfjs/webgpu";
const t0=performance.now();
const d = await webgpu().open() as any;
console.log(d.name, (performance.now()-t0).toFixed(0));
const x={buffer:d.upload(new Float32Array(1000),"float32"),shape:[1000],dtype:"float32"};
for (const op of ["abs","exp","erf","sin","tanh","gelu","log1p","floor"]) { const t=performance.now(); const y=d.kernels.unary(op,x); await d.read(y,"float32",1); const t1=performance.now(); await d.read(d.kernels.unary(op,x),"float32",1);console.log(op,(t1-t).toFixed(1),(performance.now()-t1).toFixed(1)); }
const a={buffer:d.upload(new Float32Array(64*64),"float32"),shape:[64,64],dtype:"float32"};
for (const n of [64,62,61]) for (const tA of [false,true]) for (const tB of [false,true]) { const t=performance.now(); const y=d.kernels.matmul(a,a,{batches:1,m:n,k:n,n,transposeA:tA,transposeB:tB,aIndex:undefined,bIndex:undefined},{}); await d.read(y,"float32",1); console.log(n,tA,tB,(performance.now()-t).toFixed(1)); }
await d.close();
