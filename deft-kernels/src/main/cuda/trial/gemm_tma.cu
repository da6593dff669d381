#include <cstdio>
#include <vector>
#include <algorithm>
#include <cmath>
#include <cuda.h>
#include <cuda_runtime.h>
#include "wgmma.cuh"
#include "early.cuh"
#include "gemm_params.cuh"
using namespace deft;
#define CK(x) do{cudaError_t e=(x); if(e){printf("%s: %s\n",#x,cudaGetErrorString(e));exit(1);}}while(0)
struct P { DeftGemm g; int tileRows; int tiles; };
template<int N,int MT,int CL> struct Cfg { static constexpr int UNIT=8192, STAGE=MT*UNIT+N*128, STAGES=(220*1024)/STAGE, SHARED=STAGES*STAGE+STAGES*16; };
__device__ __forceinline__ void tma2(uint32_t to,const CUtensorMap*m,int x,int y,uint32_t bar){ asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0],[%1,{%2,%3}],[%4];"::"r"(to),"l"(m),"r"(x),"r"(y),"r"(bar):"memory"); }
__device__ __forceinline__ void tma2h(uint32_t to,const CUtensorMap*m,int x,int y,uint32_t bar,uint64_t pol){ asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.L2::cache_hint [%0],[%1,{%2,%3}],[%4],%5;"::"r"(to),"l"(m),"r"(x),"r"(y),"r"(bar),"l"(pol):"memory"); }
__device__ __forceinline__ void tma2m(uint32_t to,const CUtensorMap*m,int x,int y,uint32_t bar,uint16_t mask){ asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%0],[%1,{%2,%3}],[%4],%5;"::"r"(to),"l"(m),"r"(x),"r"(y),"r"(bar),"h"(mask):"memory"); }
__device__ __forceinline__ void expectTx(uint32_t bar,uint32_t bytes){ asm volatile("mbarrier.arrive.expect_tx.shared.b64 _,[%0],%1;"::"r"(bar),"r"(bytes):"memory"); }
__device__ __forceinline__ void arriveAt(uint32_t bar,uint32_t rank){ asm volatile("{\n.reg .b32 r;\nmapa.shared::cluster.u32 r,%0,%1;\nmbarrier.arrive.shared::cluster.b64 _,[r];\n}"::"r"(bar),"r"(rank):"memory"); }
template<int N,int MT,int CL,int EVICT> __global__ void __launch_bounds__(384,1) wide(const __grid_constant__ P a,const __grid_constant__ CUtensorMap mw,const __grid_constant__ CUtensorMap mx){
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  using C=Cfg<N,MT,CL>; const DeftGemm&p=a.g;
  extern __shared__ __align__(1024) unsigned char raw[];
  allowSuccessor();
  const uint32_t ring=sharedAddress(raw), full=ring+C::STAGES*C::STAGE, empty=full+C::STAGES*8;
  if(ring&1023) __trap();
  uint32_t rank=0; if(CL>1) asm("mov.u32 %0,%%cluster_ctarank;":"=r"(rank));
  if(threadIdx.x==0){ for(int i=0;i<C::STAGES;i++){ mbarrierInit(full+i*8,1); mbarrierInit(empty+i*8,CL*8);} asm volatile("fence.mbarrier_init.release.cluster;":::"memory"); }
  if(CL>1) asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;":::"memory"); else __syncthreads();
  const bool gates=p.mode&4; const int parts=p.parts, tiles=a.tiles, tileRows=a.tileRows;
  // blocks of a cluster: neighbouring tiles, same part
  const int part=blockIdx.x/tiles, first=blockIdx.x-part*tiles;
  const int chunks=p.k/64, k0=chunks*part/parts, k1=chunks*(part+1)/parts;
  // every block of a cluster goes through as many waves
  const int waves=(p.n+tiles*tileRows-1)/(tiles*tileRows);
  const uint32_t bytesW=(gates?2:1)*tileRows*128, bytesX=N*128;
  if(threadIdx.x>=256){
    if(threadIdx.x!=256){ }
    else {
      uint64_t pol; asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;":"=l"(pol));
      int n=0, total=waves*(k1-k0);
      auto w=[&](int i,int stage){ const int tile=first+(i/(k1-k0))*tiles; const int k=(k0+i%(k1-k0))*64; const uint32_t to=ring+stage*C::STAGE, bar=full+stage*8;
        expectTx(bar,bytesW+bytesX);
        if(EVICT) tma2h(to,&mw,k,tile*tileRows,bar,pol); else tma2(to,&mw,k,tile*tileRows,bar);
        if(gates){ if(EVICT) tma2h(to+MT*4096,&mw,k,p.n+tile*tileRows,bar,pol); else tma2(to+MT*4096,&mw,k,p.n+tile*tileRows,bar);} };
      auto x=[&](int i,int stage){ const int k=(k0+i%(k1-k0))*64; const uint32_t to=ring+stage*C::STAGE+MT*C::UNIT, bar=full+stage*8;
        if(CL==1) tma2(to,&mx,k,0,bar); else tma2m(to+rank*(N/CL)*128,&mx,k,rank*(N/CL),bar,(1<<CL)-1); };
      const int ahead=min(C::STAGES,total);
      for(int i=0;i<ahead;i++) w(i,i);
      waitForPredecessor();
      // all blocks of the cluster expect their bytes only once they got here; complete_tx may come earlier
      for(int i=0;i<ahead;i++) x(i,i);
      for(n=ahead;n<total;n++){ const int stage=n%C::STAGES; mbarrierWait(empty+stage*8,(n/C::STAGES&1)^1); w(n,stage); x(n,stage); }
    }
  } else {
    constexpr int UNITS=MT/2; const int wg=__shfl_sync(~0u,threadIdx.x>>7,0), lane=threadIdx.x&31;
    int stage=0; uint32_t parity=0; waitForPredecessor();
    for(int wave=0;wave<waves;wave++){ const int tile=first+wave*tiles;
      float acc[UNITS][N/2];
      #pragma unroll
      for(int u=0;u<UNITS;u++)
      #pragma unroll
      for(int i=0;i<N/2;i++) acc[u][i]=0;
      for(int k=k0;k<k1;k++){ mbarrierWait(full+stage*8,parity); 
        const uint32_t from=ring+stage*C::STAGE; const uint32_t x=matrixPlace(from+MT*C::UNIT); wgmmaFence();
        #pragma unroll
        for(int u=0;u<UNITS;u++){ const uint32_t w=matrixPlace(from+(2*u+wg)*C::UNIT);
          #pragma unroll
          for(int i=0;i<4;i++) wgmma<__nv_bfloat16,N,0,1>(acc[u],matrixDescriptor(w+2*i),matrixDescriptor(x+2*i)); }
        wgmmaCommit(); wgmmaWait<0>();
        #pragma unroll
        for(int u=0;u<UNITS;u++) pin(acc[u]);
        __syncwarp();
        if(CL==1){ if(lane==0) mbarrierArrive(empty+stage*8);} else if(lane<CL) arriveAt(empty+stage*8,lane);
        if(++stage==C::STAGES){stage=0;parity^=1;} }
      const int row=(threadIdx.x>>5&3)*16+(lane>>2)+wg*64, pair=(lane&3)*2, base=tile*tileRows, end=min(tileRows,p.n-base);
      if(parts==1){
        #pragma unroll
        for(int u=0;u<UNITS;u++){ if(UNITS>1&&gates&&u>=UNITS/2) break;
        #pragma unroll
        for(int h=0;h<2;h++){ const int n=2*u*64+row+8*h; if(n>=end) continue;
        #pragma unroll
        for(int i=0;i<N/2;i+=4)
        #pragma unroll
        for(int b=0;b<2;b++){ float v=acc[u][i+2*h+b]; if(UNITS>1&&gates) v=swiglu(v,acc[(u+UNITS/2)%UNITS][i+2*h+b]); put<__nv_bfloat16>(p,2*i+pair+b,base+n,v);} } }
      } else {
        constexpr int A=N/2; unsigned*counter=(unsigned*)p.part+256*(31-__clz(parts))+tile;
        float*mine=p.part+1024+(size_t)(tile*parts)*(UNITS*A*256)+threadIdx.x;
        #pragma unroll
        for(int u=0;u<UNITS;u++)
        #pragma unroll
        for(int i=0;i<A;i++) __stcg(mine+(part*UNITS*A+u*A+i)*256,acc[u][i]);
        __threadfence(); barrierSync(1,256);
        if(threadIdx.x==0){ const unsigned all=(atomicAdd(counter,1)/parts+1)*parts; unsigned seen; do{asm volatile("ld.acquire.gpu.global.u32 %0,[%1];":"=r"(seen):"l"(counter):"memory");}while(seen<all);}
        barrierSync(1,256);
        const int share=UNITS*A/parts;
        for(int e0=part*share;e0<(part+1)*share;e0+=4){ float v[4]={};
          for(int s=0;s<parts;s+=2){ float t[2][4];
          #pragma unroll
          for(int z=0;z<2;z++)
          #pragma unroll
          for(int e=0;e<4;e++) t[z][e]=__ldcg(mine+((s+z)*UNITS*A+e0+e)*256);
          #pragma unroll
          for(int z=0;z<2;z++)
          #pragma unroll
          for(int e=0;e<4;e++) v[e]+=t[z][e]; }
          #pragma unroll
          for(int e=0;e<4;e++){ const int i=(e0+e)%A, n=(e0+e)/A*128+row+(i&2)*4; if(n<end) put<__nv_bfloat16>(p,(i>>2)*8+pair+(i&1),base+n,v[e]); } }
      }
    }
  }
  if(CL>1) asm volatile("barrier.cluster.arrive.relaxed.aligned;\nbarrier.cluster.wait.aligned;":::"memory");
#endif
}
__global__ void fill(__nv_bfloat16*p,size_t n,unsigned seed){ for(size_t i=blockIdx.x*(size_t)blockDim.x+threadIdx.x;i<n;i+=(size_t)gridDim.x*blockDim.x){unsigned h=(unsigned)i*2654435761u^seed; h^=h>>15;h*=2246822519u;h^=h>>13; p[i]=__float2bfloat16(((h&0xffff)/65536.f-.5f));}}
__global__ void naive(DeftGemm p, float*y){ int n=blockIdx.x*blockDim.x+threadIdx.x, r=blockIdx.y; if(n>=p.n) return; auto dot=[&](int row){float s=0; const __nv_bfloat16*w=(const __nv_bfloat16*)p.w+(size_t)row*p.ldw,*x=(const __nv_bfloat16*)p.x+(size_t)r*p.ldx; for(int k=0;k<p.k;k++) s+=__bfloat162float(w[k])*__bfloat162float(x[k]); return s;};
 float v=dot(n); if(p.mode&4) v=swiglu(v,dot(p.n+n)); y[(size_t)r*p.n+n]=v; }
__global__ void dummy(float* a){ asm volatile("griddepcontrol.launch_dependents;"); asm volatile("griddepcontrol.wait;":::"memory"); if(a) a[threadIdx.x]=1; }
typedef CUresult (*Enc)(CUtensorMap*,CUtensorMapDataType,cuuint32_t,void*,const cuuint64_t*,const cuuint64_t*,const cuuint32_t*,const cuuint32_t*,CUtensorMapInterleave,CUtensorMapSwizzle,CUtensorMapL2promotion,CUtensorMapFloatOOBfill);
Enc enc;
CUtensorMap map(void*p,int k,int rows,int box,CUtensorMapL2promotion pr){ CUtensorMap m; cuuint64_t d[2]={(cuuint64_t)k,(cuuint64_t)rows}, s[1]={(cuuint64_t)k*2}; cuuint32_t b[2]={64,(cuuint32_t)box}, e[2]={1,1}; CUresult r=enc(&m,CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,2,p,d,s,b,e,CU_TENSOR_MAP_INTERLEAVE_NONE,CU_TENSOR_MAP_SWIZZLE_128B,pr,CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE); if(r) printf("encode %d\n",r); return m; }
template<int N,int MT,int CL,int EVICT> void go(const char*name,int n,int k,int rows,int mode,std::vector<int> splits){
  using C=Cfg<N,MT,CL>; int wrows=mode&4?2*n:n; size_t wb=(size_t)wrows*k; int copies=std::max<size_t>(2,(size_t)600e6/(wb*2)+1);
  __nv_bfloat16*w,*x; void*y; float*part,*ref; CK(cudaMalloc(&w,wb*2*copies));CK(cudaMalloc(&x,(size_t)rows*k*2));CK(cudaMalloc(&y,(size_t)rows*n*4));CK(cudaMalloc(&ref,(size_t)rows*n*4));CK(cudaMalloc(&part,64<<20));CK(cudaMemset(part,0,64<<20));
  fill<<<1024,256>>>(w,wb*copies,1); fill<<<64,256>>>(x,(size_t)rows*k,7);
  CK(cudaFuncSetAttribute(wide<N,MT,CL,EVICT>,cudaFuncAttributeMaxDynamicSharedMemorySize,C::SHARED));
  cudaStream_t st; cudaStreamCreate(&st); cudaEvent_t e0,e1; cudaEventCreate(&e0);cudaEventCreate(&e1);
  for(int S:splits){ P a={}; DeftGemm&p=a.g; p.w=w;p.x=x;p.y=y;p.part=part;p.ldw=p.ldx=k;p.ldy=n;p.n=n;p.k=k;p.rows=rows;p.mode=mode;p.parts=S;
    int most=mode&4?MT*32:MT*64; int blocks=(CL==4?120:132); int tiles=blocks/S/CL*CL; int waves=(n+tiles*most-1)/(tiles*most); a.tileRows=((n+tiles*waves-1)/(tiles*waves)+7)/8*8; tiles=std::min(tiles,((n+a.tileRows-1)/a.tileRows+CL-1)/CL*CL); a.tiles=tiles; int grid=tiles*S;
    CUtensorMap mx=map(x,k,rows,N/CL,CU_TENSOR_MAP_L2_PROMOTION_L2_256B);
    std::vector<CUtensorMap> mw; for(int i=0;i<copies;i++) mw.push_back(map(w+wb*i,k,wrows,a.tileRows,CU_TENSOR_MAP_L2_PROMOTION_L2_256B));
    cudaLaunchConfig_t cf={}; cf.gridDim=dim3(grid); cf.blockDim=dim3(384); cf.dynamicSmemBytes=C::SHARED; cf.stream=st; cudaLaunchAttribute at[2]; int na=0; at[na].id=cudaLaunchAttributeProgrammaticStreamSerialization;at[na++].val.programmaticStreamSerializationAllowed=1; if(CL>1){at[na].id=cudaLaunchAttributeClusterDimension;at[na].val.clusterDim.x=CL;at[na].val.clusterDim.y=1;at[na++].val.clusterDim.z=1;} cf.attrs=at;cf.numAttrs=na;
    CK(cudaMemset(y,0,(size_t)rows*n*4)); CK(cudaLaunchKernelEx(&cf,wide<N,MT,CL,EVICT>,a,mw[0],mx)); CK(cudaDeviceSynchronize());
    naive<<<dim3((n+127)/128,rows),128>>>(p,ref); CK(cudaDeviceSynchronize());
    std::vector<float> hr((size_t)rows*n),hy((size_t)rows*n); CK(cudaMemcpy(hr.data(),ref,hr.size()*4,cudaMemcpyDeviceToHost));
    if(mode&1) CK(cudaMemcpy(hy.data(),y,hy.size()*4,cudaMemcpyDeviceToHost)); else {std::vector<__nv_bfloat16> t(hy.size()); CK(cudaMemcpy(t.data(),y,t.size()*2,cudaMemcpyDeviceToHost)); for(size_t i=0;i<t.size();i++) hy[i]=__bfloat162float(t[i]);}
    double err=0,all=0; for(size_t i=0;i<hy.size();i++){double d=hy[i]-hr[i]; err+=d*d; all+=hr[i]*(double)hr[i];}
    for(int small=0;small<2;small++){ int R=std::max(12,copies); cudaGraph_t gr; cudaGraphExec_t ge; CK(cudaStreamBeginCapture(st,cudaStreamCaptureModeGlobal));
    for(int i=0;i<R;i++){ p.w=w; CK(cudaLaunchKernelEx(&cf,wide<N,MT,CL,EVICT>,a,mw[i%copies],mx)); if(small){cudaLaunchConfig_t c2=cf; c2.numAttrs=1; c2.gridDim=dim3(56); c2.blockDim=dim3(256); c2.dynamicSmemBytes=0; CK(cudaLaunchKernelEx(&c2,dummy,(float*)nullptr));} }
    CK(cudaStreamEndCapture(st,&gr)); CK(cudaGraphInstantiate(&ge,gr,0)); float best=1e9; for(int q=0;q<6;q++){cudaEventRecord(e0,st);CK(cudaGraphLaunch(ge,st));cudaEventRecord(e1,st);CK(cudaStreamSynchronize(st));float ms;cudaEventElapsedTime(&ms,e0,e1);best=std::min(best,ms);} 
    if(!small) printf("%s %d N %d MT %d cl %d ev %d split %d grid %d tile %d: %.2f us, %.0f GB/s, %.1e",name,rows,N,MT,CL,EVICT,S,grid,a.tileRows,best*1000/R,wb*2/(best/R*1e-3)/1e9,sqrt(err/all)); else printf(" | + small %.2f\n",best*1000/R); fflush(stdout); cudaGraphExecDestroy(ge);cudaGraphDestroy(gr);} }
  cudaFree(w);cudaFree(x);cudaFree(y);cudaFree(part);cudaFree(ref);
}
template<int CL,int EV> void all(){
  go<64,4,CL,EV>("gated",14336,4096,56,4,{1});
  go<64,4,CL,EV>("down",4096,14336,56,3,{8}); go<64,2,CL,EV>("down",4096,14336,56,3,{2,4});
  go<64,2,CL,EV>("qkv",6144,4096,56,1,{1,2,4}); go<64,2,CL,EV>("o",4096,4096,56,3,{1,2,4});
  go<64,4,CL,EV>("head",128256,4096,56,1,{1});
}
int main(){ cudaDriverEntryPointQueryResult q; void*f; CK(cudaFree(0)); CK(cudaGetDriverEntryPoint("cuTensorMapEncodeTiled",&f,cudaEnableDefault,&q)); enc=(Enc)f;
  all<1,1>(); all<2,1>(); all<4,1>(); all<2,0>();
}
