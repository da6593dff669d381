#include <cstdio>
#include <vector>
#include <algorithm>
#include <cmath>
#include "gemm_wide.cuh"
using namespace deft;
#define CK(x) do{cudaError_t e=(x); if(e){printf("%s: %s\n",#x,cudaGetErrorString(e));exit(1);}}while(0)
template <int N,int MT> __global__ void __launch_bounds__(384,1) wide(const __grid_constant__ DeftGemm p){
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
 WideGemm<__nv_bfloat16,WideConfig<N,MT>>(p).run();
#endif
}
__global__ void fill(__nv_bfloat16*p,size_t n,unsigned seed){ for(size_t i=blockIdx.x*(size_t)blockDim.x+threadIdx.x;i<n;i+=(size_t)gridDim.x*blockDim.x){unsigned h=(unsigned)i*2654435761u^seed; h^=h>>15;h*=2246822519u;h^=h>>13; p[i]=__float2bfloat16(((h&0xffff)/65536.f-.5f));}}
__global__ void naive(DeftGemm p, float*y){ int n=blockIdx.x*blockDim.x+threadIdx.x, r=blockIdx.y; if(n>=p.n) return; auto dot=[&](int row){float s=0; const __nv_bfloat16*w=(const __nv_bfloat16*)p.w+(size_t)row*p.ldw,*x=(const __nv_bfloat16*)p.x+(size_t)r*p.ldx; for(int k=0;k<p.k;k++) s+=__bfloat162float(w[k])*__bfloat162float(x[k]); return s;};
 float v=dot(n); if(p.mode&4) v=swiglu(v,dot(p.n+n)); y[(size_t)r*p.n+n]=v; }
__global__ void dummy(float* a){ asm volatile("griddepcontrol.launch_dependents;"); asm volatile("griddepcontrol.wait;":::"memory"); if(a) a[threadIdx.x]=1; }
template<int N,int MT> void go(const char*name,int n,int k,int rows,int mode,std::vector<int> splits){
  using C=WideConfig<N,MT>; int wrows=mode&4?2*n:n; size_t wb=(size_t)wrows*k; int copies=std::max<size_t>(2,(size_t)600e6/(wb*2)+1);
  __nv_bfloat16*w,*x; void*y; float*part,*ref; CK(cudaMalloc(&w,wb*2*copies));CK(cudaMalloc(&x,(size_t)rows*k*2));CK(cudaMalloc(&y,(size_t)rows*n*4));CK(cudaMalloc(&ref,(size_t)rows*n*4));CK(cudaMalloc(&part,64<<20));CK(cudaMemset(part,0,64<<20));
  fill<<<1024,256>>>(w,wb*copies,1); fill<<<64,256>>>(x,(size_t)rows*k,7);
  CK(cudaFuncSetAttribute(wide<N,MT>,cudaFuncAttributeMaxDynamicSharedMemorySize,C::SHARED));
  cudaStream_t st; cudaStreamCreate(&st); cudaEvent_t e0,e1; cudaEventCreate(&e0);cudaEventCreate(&e1);
  for(int S:splits){ DeftGemm p={}; p.w=w;p.x=x;p.y=y;p.part=part;p.ldw=p.ldx=k;p.ldy=n;p.n=n;p.k=k;p.rows=rows;p.mode=mode;p.parts=S;p.early=1; int grid=132/S*S;
    cudaLaunchConfig_t cf={}; cf.gridDim=dim3(grid); cf.blockDim=dim3(384); cf.dynamicSmemBytes=C::SHARED; cf.stream=st; cudaLaunchAttribute a[1]; a[0].id=cudaLaunchAttributeProgrammaticStreamSerialization;a[0].val.programmaticStreamSerializationAllowed=1; cf.attrs=a;cf.numAttrs=1;
    CK(cudaMemset(y,0,(size_t)rows*n*4)); CK(cudaLaunchKernelEx(&cf,wide<N,MT>,p)); CK(cudaDeviceSynchronize());
    naive<<<dim3((n+127)/128,rows),128>>>(p,ref); CK(cudaDeviceSynchronize());
    std::vector<float> hr((size_t)rows*n),hy((size_t)rows*n); CK(cudaMemcpy(hr.data(),ref,hr.size()*4,cudaMemcpyDeviceToHost));
    if(mode&1) CK(cudaMemcpy(hy.data(),y,hy.size()*4,cudaMemcpyDeviceToHost)); else {std::vector<__nv_bfloat16> t(hy.size()); CK(cudaMemcpy(t.data(),y,t.size()*2,cudaMemcpyDeviceToHost)); for(size_t i=0;i<t.size();i++) hy[i]=__bfloat162float(t[i]);}
    double err=0,all=0; for(size_t i=0;i<hy.size();i++){double d=hy[i]-hr[i]; err+=d*d; all+=hr[i]*(double)hr[i];}
    for(int smallk=0;smallk<2;smallk++){
    int R=std::max(12,copies); cudaGraph_t gr; cudaGraphExec_t ge; CK(cudaStreamBeginCapture(st,cudaStreamCaptureModeGlobal));
    for(int i=0;i<R;i++){ p.w=w+wb*(i%copies); CK(cudaLaunchKernelEx(&cf,wide<N,MT>,p)); if(smallk){cudaLaunchConfig_t c2=cf; c2.gridDim=dim3(56); c2.blockDim=dim3(256); c2.dynamicSmemBytes=0; CK(cudaLaunchKernelEx(&c2,dummy,(float*)nullptr));} }
    CK(cudaStreamEndCapture(st,&gr)); CK(cudaGraphInstantiate(&ge,gr,0)); float best=1e9; for(int q=0;q<6;q++){cudaEventRecord(e0,st);CK(cudaGraphLaunch(ge,st));cudaEventRecord(e1,st);CK(cudaStreamSynchronize(st));float ms;cudaEventElapsedTime(&ms,e0,e1);best=std::min(best,ms);} 
    printf("%s rows %d N %d MT %d split %d%s: %.2f us, %.0f GB/s, error %.1e\n",name,rows,N,MT,S,smallk?" + small kernel":"",best*1000/R,wb*2/(best/R*1e-3)/1e9,sqrt(err/all)); cudaGraphExecDestroy(ge);cudaGraphDestroy(gr);} }
  cudaFree(w);cudaFree(x);cudaFree(y);cudaFree(part);cudaFree(ref);
}
int main(){
  go<64,4>("gate-up gated",14336,4096,56,4,{1});
  go<64,4>("gate-up",28672,4096,56,0,{1});
  go<64,4>("down",4096,14336,56,3,{4,8}); go<64,2>("down",4096,14336,56,3,{4,8});
  go<64,4>("qkv",6144,4096,56,1,{2,4}); go<64,2>("qkv",6144,4096,56,1,{1,2,4});
  go<64,4>("o",4096,4096,56,3,{4,8}); go<64,2>("o",4096,4096,56,3,{2,4});
  go<64,4>("head",128256,4096,56,1,{1});
  go<32,4>("gate-up gated",14336,4096,16,4,{1}); go<32,4>("down",4096,14336,16,3,{8}); go<32,2>("down",4096,14336,16,3,{4});go<32,2>("qkv",6144,4096,16,1,{2,4});
}
