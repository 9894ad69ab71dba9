#include "physprobe/eval/voe/published_surprise.h"

#include "physprobe/core/csv.h"

#include <algorithm>
#include <charconv>

namespace physprobe {
namespace {

// `reading`: how far a value read off a figure may be from what was measured, points.
constexpr const char* kFirstRows = R"(benchmark,statistic,protocol,model,column,value,reading,source
intphys,best_of_sweep,best of skips and windows,Untrained V-JEPA-L (mean of 20 seeds),mean,51.5,0.3,Garrido et al. 2025; main figure
grasp,best_of_sweep,best of skips and windows,Untrained V-JEPA-L (mean of 20 seeds),mean,55.8,0.3,Garrido et al. 2025; main figure
inflevel,best_of_sweep,best of skips and windows,Untrained V-JEPA-L (mean of 20 seeds),mean,51.8,0.3,Garrido et al. 2025; main figure
intphys,answers,two videos in one prompt,Gemini 1.5 pro,mean,47.8,0.3,Garrido et al. 2025; main figure
grasp,answers,two videos in one prompt,Gemini 1.5 pro,mean,54.4,0.3,Garrido et al. 2025; main figure
inflevel,answers,two videos in one prompt,Gemini 1.5 pro,mean,51.5,0.3,Garrido et al. 2025; main figure
intphys,answers,two videos in one prompt,Qwen2-VL-72B,mean,63.8,0.3,Garrido et al. 2025; main figure
grasp,answers,two videos in one prompt,Qwen2-VL-72B,mean,59.3,0.3,Garrido et al. 2025; main figure
inflevel,answers,two videos in one prompt,Qwen2-VL-72B,mean,51.5,0.3,Garrido et al. 2025; main figure
intphys,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),mean,59.5,0.3,Garrido et al. 2025; main figure
grasp,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),mean,61.4,0.3,Garrido et al. 2025; main figure
inflevel,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),mean,54.3,0.3,Garrido et al. 2025; main figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),mean,98.33,0.3,Garrido et al. 2025; main figure
grasp,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),mean,66.4,0.3,Garrido et al. 2025; main figure
inflevel,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),mean,61.5,0.3,Garrido et al. 2025; main figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),object_permanence,100,exact,Garrido et al. 2025; figures per property
intphys,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),continuity,95,exact,Garrido et al. 2025; figures per property
intphys,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),shape_constancy,100,exact,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),object_permanence,71.5,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),continuity,73.6,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),color_constancy,62.8,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),support,89,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),inertia,54.8,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),gravity,66.9,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),solidity,74.2,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),collision,69.6,0.3,Garrido et al. 2025; figures per property
inflevel,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),object_permanence,82,0.3,Garrido et al. 2025; figures per property
inflevel,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),gravity,52.6,0.3,Garrido et al. 2025; figures per property
inflevel,best_of_sweep,best of skips and windows,V-JEPA-H RoPE (VideoMix2M),solidity,49.6,0.3,Garrido et al. 2025; figures per property
intphys,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),object_permanence,55,exact,Garrido et al. 2025; figures per property
intphys,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),continuity,58.3333,exact,Garrido et al. 2025; figures per property
intphys,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),shape_constancy,65,exact,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),object_permanence,50.7,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),continuity,63.9,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),color_constancy,72.5,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),support,84.4,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),inertia,49.6,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),gravity,58,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),solidity,81.2,0.3,Garrido et al. 2025; figures per property
grasp,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),collision,93,0.3,Garrido et al. 2025; figures per property
inflevel,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),object_permanence,62.3,0.3,Garrido et al. 2025; figures per property
inflevel,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),gravity,49.6,0.3,Garrido et al. 2025; figures per property
inflevel,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),solidity,50.7,0.3,Garrido et al. 2025; figures per property
intphys,answers,two videos in one prompt,Qwen2-VL-72B,object_permanence,65,0.3,Garrido et al. 2025; figures per property
intphys,answers,two videos in one prompt,Qwen2-VL-72B,continuity,59.9,0.3,Garrido et al. 2025; figures per property
intphys,answers,two videos in one prompt,Qwen2-VL-72B,shape_constancy,66.6,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Qwen2-VL-72B,object_permanence,52.9,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Qwen2-VL-72B,continuity,54.5,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Qwen2-VL-72B,color_constancy,93.3,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Qwen2-VL-72B,support,86,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Qwen2-VL-72B,inertia,56.4,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Qwen2-VL-72B,gravity,61.8,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Qwen2-VL-72B,solidity,58.3,0.3,Garrido et al. 2025; figures per property
inflevel,answers,two videos in one prompt,Qwen2-VL-72B,object_permanence,54,0.3,Garrido et al. 2025; figures per property
inflevel,answers,two videos in one prompt,Qwen2-VL-72B,gravity,50.5,0.3,Garrido et al. 2025; figures per property
inflevel,answers,two videos in one prompt,Qwen2-VL-72B,solidity,49.6,0.3,Garrido et al. 2025; figures per property
intphys,answers,two videos in one prompt,Gemini 1.5 pro,object_permanence,56.8,0.3,Garrido et al. 2025; figures per property
intphys,answers,two videos in one prompt,Gemini 1.5 pro,continuity,41.6,0.3,Garrido et al. 2025; figures per property
intphys,answers,two videos in one prompt,Gemini 1.5 pro,shape_constancy,45.1,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Gemini 1.5 pro,object_permanence,47.3,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Gemini 1.5 pro,continuity,54.6,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Gemini 1.5 pro,color_constancy,63.5,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Gemini 1.5 pro,support,59.5,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Gemini 1.5 pro,inertia,53.8,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Gemini 1.5 pro,gravity,59.5,0.3,Garrido et al. 2025; figures per property
grasp,answers,two videos in one prompt,Gemini 1.5 pro,solidity,51.6,0.3,Garrido et al. 2025; figures per property
inflevel,answers,two videos in one prompt,Gemini 1.5 pro,object_permanence,55.7,0.3,Garrido et al. 2025; figures per property
inflevel,answers,two videos in one prompt,Gemini 1.5 pro,gravity,54.1,0.3,Garrido et al. 2025; figures per property
inflevel,answers,two videos in one prompt,Gemini 1.5 pro,solidity,44.6,0.3,Garrido et al. 2025; figures per property
intphys,context 2,best of skips and windows,VideoMAEv2-g (zeroed predictions),mean,50.1,0.3,Garrido et al. 2025; context figure
grasp,context 2,best of skips and windows,VideoMAEv2-g (zeroed predictions),mean,55.3,0.3,Garrido et al. 2025; context figure
inflevel,context 2,best of skips and windows,VideoMAEv2-g (zeroed predictions),mean,48.5,0.3,Garrido et al. 2025; context figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-L (HowTo100M),mean,91.8,0.3,Garrido et al. 2025; context figure
grasp,best_of_sweep,best of skips and windows,V-JEPA-L (HowTo100M),mean,68.3,0.3,Garrido et al. 2025; context figure
inflevel,best_of_sweep,best of skips and windows,V-JEPA-L (HowTo100M),mean,59,0.3,Garrido et al. 2025; context figure
intphys,context 2,best of skips and windows,V-JEPA-L (HowTo100M),mean,90.6,0.3,Garrido et al. 2025; context figure
grasp,context 2,best of skips and windows,V-JEPA-L (HowTo100M),mean,62.7,0.3,Garrido et al. 2025; context figure
inflevel,context 2,best of skips and windows,V-JEPA-L (HowTo100M),mean,55.7,0.3,Garrido et al. 2025; context figure
)";

constexpr const char* kMoreRows =
    R"(intphys,context 2,best of skips and windows,untrained,mean,49.9,0.3,Garrido et al. 2025; context figure
grasp,context 2,best of skips and windows,untrained,mean,48.7,0.3,Garrido et al. 2025; context figure
inflevel,context 2,best of skips and windows,untrained,mean,50.3,0.3,Garrido et al. 2025; context figure
intphys,best_of_sweep,best of skips and windows,"V-JEPA-B (115M), HowTo100M",object_permanence,88.3333,exact,Garrido et al. 2025; size figure
intphys,best_of_sweep,best of skips and windows,"V-JEPA-B (115M), HowTo100M",continuity,88.3333,exact,Garrido et al. 2025; size figure
intphys,best_of_sweep,best of skips and windows,"V-JEPA-B (115M), HowTo100M",shape_constancy,95,exact,Garrido et al. 2025; size figure
intphys,best_of_sweep,best of skips and windows,"V-JEPA-L (405M), HowTo100M",object_permanence,95,exact,Garrido et al. 2025; size figure
intphys,best_of_sweep,best of skips and windows,"V-JEPA-L (405M), HowTo100M",continuity,91.6667,exact,Garrido et al. 2025; size figure
intphys,best_of_sweep,best of skips and windows,"V-JEPA-L (405M), HowTo100M",shape_constancy,88.3333,exact,Garrido et al. 2025; size figure
intphys,best_of_sweep,best of skips and windows,"V-JEPA-H (842M), HowTo100M",object_permanence,93.3333,exact,Garrido et al. 2025; size figure
intphys,best_of_sweep,best of skips and windows,"V-JEPA-H (842M), HowTo100M",continuity,96.6667,exact,Garrido et al. 2025; size figure
intphys,best_of_sweep,best of skips and windows,"V-JEPA-H (842M), HowTo100M",shape_constancy,93.3333,exact,Garrido et al. 2025; size figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-L (SSv2),object_permanence,61.7,1,Garrido et al. 2025; data figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-L (SSv2),continuity,40,1,Garrido et al. 2025; data figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-L (K710),object_permanence,76.7,1,Garrido et al. 2025; data figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-L (K710),continuity,78.3,1,Garrido et al. 2025; data figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-L (K710),shape_constancy,80,1,Garrido et al. 2025; data figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-L (VideoMix2M),object_permanence,93.3,1,Garrido et al. 2025; data figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-L (VideoMix2M),continuity,96.7,1,Garrido et al. 2025; data figure
intphys,best_of_sweep,best of skips and windows,V-JEPA-L (VideoMix2M),shape_constancy,95,1,Garrido et al. 2025; data figure
inflevel-relabelled,best_of_sweep,best of skips and windows,Untrained V-JEPA-L,object_permanence,51,0.3,Garrido et al. 2025; relabelled figure
inflevel-relabelled,best_of_sweep,best of skips and windows,Untrained V-JEPA-L,solidity,50.7,0.3,Garrido et al. 2025; relabelled figure
inflevel-relabelled,best_of_sweep,best of skips and windows,V-JEPA-L (HowTo100M),object_permanence,72.5,0.3,Garrido et al. 2025; relabelled figure
inflevel-relabelled,best_of_sweep,best of skips and windows,V-JEPA-L (HowTo100M),solidity,60.5,0.3,Garrido et al. 2025; relabelled figure
inflevel-relabelled,best_of_sweep,best of skips and windows,V-JEPA-L (HowTo100M),gravity,72.9,0.3,Garrido et al. 2025; relabelled figure
inflevel-relabelled,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),object_permanence,56.8,0.3,Garrido et al. 2025; relabelled figure
inflevel-relabelled,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),solidity,58.6,0.3,Garrido et al. 2025; relabelled figure
inflevel-relabelled,best_of_sweep,best of skips and windows,VideoMAEv2-g (zeroed predictions),gravity,69.9,0.3,Garrido et al. 2025; relabelled figure
intphys,best_of_sweep,"skip 2, window 16",V-JEPA ViT-H sincos (public),object_permanence,85,0.5,author; facebookresearch/jepa-intuitive-physics issue 2
intphys,best_of_sweep,"skip 2, window 16",V-JEPA ViT-H sincos (public),shape_constancy,96,0.5,author; facebookresearch/jepa-intuitive-physics issue 2
intphys,best_of_sweep,best of its own sweep,V-JEPA 2 ViT-H,mean,87.22,0.005,Bordes et al. 2025; table 2 by way of public notes
intphys,filtered,"skip 2, window 16",V-JEPA 2 ViT-H,mean,83.33,0.005,public rerun of the released protocol
intphys,filtered,"skip 5, window 16",V-JEPA 2 ViT-H,mean,61.11,0.005,public rerun of the released protocol
intphys,filtered,"skip 2, window 32",V-JEPA 2 ViT-H,object_permanence,85,0.005,public rerun of the released protocol
intphys,filtered,"skip 2, window 32",V-JEPA 2 ViT-H,shape_constancy,96.67,0.005,public rerun of the released protocol
intphys,filtered,"skip 2, window 32",V-JEPA 2 ViT-H,continuity,85,0.005,public rerun of the released protocol
intphys,context 4,"skip 2, window 32",V-JEPA 2 ViT-H,object_permanence,88.33,0.005,public rerun of the released protocol
intphys,context 4,"skip 2, window 32",V-JEPA 2 ViT-H,shape_constancy,96.67,0.005,public rerun of the released protocol
intphys,context 4,"skip 2, window 32",V-JEPA 2 ViT-H,continuity,86.67,0.005,public rerun of the released protocol
intphys,context 8,"skip 2, window 32",V-JEPA 2 ViT-H,object_permanence,86.67,0.005,public rerun of the released protocol
intphys,context 8,"skip 2, window 32",V-JEPA 2 ViT-H,shape_constancy,96.67,0.005,public rerun of the released protocol
intphys,context 8,"skip 2, window 32",V-JEPA 2 ViT-H,continuity,83.33,0.005,public rerun of the released protocol
intphys,context 12,"skip 2, window 32",V-JEPA 2 ViT-H,object_permanence,85,0.005,public rerun of the released protocol
intphys,context 12,"skip 2, window 32",V-JEPA 2 ViT-H,shape_constancy,96.67,0.005,public rerun of the released protocol
intphys,context 12,"skip 2, window 32",V-JEPA 2 ViT-H,continuity,85,0.005,public rerun of the released protocol
intphys,context 16,"skip 2, window 32",V-JEPA 2 ViT-H,object_permanence,78.33,0.005,public rerun of the released protocol
intphys,context 16,"skip 2, window 32",V-JEPA 2 ViT-H,shape_constancy,83.33,0.005,public rerun of the released protocol
intphys,context 16,"skip 2, window 32",V-JEPA 2 ViT-H,continuity,83.33,0.005,public rerun of the released protocol
intphys,context 20,"skip 2, window 32",V-JEPA 2 ViT-H,object_permanence,73.33,0.005,public rerun of the released protocol
intphys,context 20,"skip 2, window 32",V-JEPA 2 ViT-H,shape_constancy,70,0.005,public rerun of the released protocol
intphys,context 20,"skip 2, window 32",V-JEPA 2 ViT-H,continuity,80,0.005,public rerun of the released protocol
intphys2,answers,one video a prompt,Gemini-2.5 Flash,Easy,64.4,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,answers,one video a prompt,Gemini-2.5 Flash,Medium,56.8,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,answers,one video a prompt,Gemini-2.5 Flash,Hard,54.5,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,answers,one video a prompt,Gemini-2.5 Flash,mean,55.6,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,best_context,"Main, skip 10",V-JEPA 2 ViT-H,Easy,54,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,best_context,"Main, skip 10",V-JEPA 2 ViT-H,Medium,58.5,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,best_context,"Main, skip 10",V-JEPA 2 ViT-H,Hard,59.38,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,best_context,"Main, skip 10",V-JEPA 2 ViT-H,mean,57.51,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,answers,people,Human,Easy,96.2,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,answers,people,Human,Medium,97.8,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,answers,people,Human,Hard,95.5,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,answers,people,Human,mean,96.4,0.05,Bordes et al. 2025; tables 2 and 3 by way of public notes
intphys2,best_context,"Main, skip 10",V-JEPA 2 ViT-H (rerun),Easy,57.69,0.05,public rerun
intphys2,best_context,"Main, skip 10",V-JEPA 2 ViT-H (rerun),Medium,57.5,0.05,public rerun
intphys2,best_context,"Main, skip 10",V-JEPA 2 ViT-H (rerun),Hard,55.36,0.05,public rerun
intphys2,best_context,"Main, skip 10",V-JEPA 2 ViT-H (rerun),mean,54.35,0.05,public rerun
intphys2,best_context,"Main, skip 10",V-JEPA 2 ViT-g (rerun),mean,52.57,0.05,public rerun
intphys-test,pairs by avg surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),object_permanence,99.72,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,pairs by avg surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),shape_constancy,100,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,pairs by avg surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),continuity,99.91,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,AUROC by avg surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),object_permanence,61.7,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,AUROC by avg surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),shape_constancy,60.8,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,AUROC by avg surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),continuity,62.95,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,pairs by max surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),object_permanence,95.6,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,pairs by max surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),shape_constancy,95.6,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,pairs by max surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),continuity,87.13,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,AUROC by max surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),object_permanence,80.8,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,AUROC by max surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),shape_constancy,78.1,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
intphys-test,AUROC by max surprise,challenge server,V-JEPA-H RoPE (VideoMix2M),continuity,70.33,0.005,Garrido et al. 2025; tables S4 and S5 by way of public notes
)";

double number(const std::string& text) {
  double value = 0.0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The number behind `word` in a protocol's words ("skip 2, window 16"); 0 without.
int64_t number_behind(const std::string& words, const std::string& word) {
  const std::size_t at = words.find(word + " ");
  return at == std::string::npos ? 0
                                 : static_cast<int64_t>(number(words.substr(at + word.size() + 1)));
}

std::vector<PublishedTable> read_tables() {
  std::vector<PublishedTable> tables;
  const std::string text = std::string(kFirstRows) + kMoreRows;
  const std::vector<CsvRow> rows = parse_csv(text, "published results");
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::vector<std::string>& cells = rows[i].fields;
    const auto is_table = [&](const PublishedTable& table) {
      return table.benchmark == cells[0] && table.statistic == cells[1] &&
             table.protocol == cells[2];
    };
    auto table = std::find_if(tables.begin(), tables.end(), is_table);
    if (table == tables.end())
      table = tables.insert(tables.end(), {cells[0],
                                           cells[1],
                                           cells[2],
                                           {},
                                           {},
                                           number_behind(cells[2], "skip"),
                                           number_behind(cells[2], "window")});
    if (std::find(table->columns.begin(), table->columns.end(), cells[4]) == table->columns.end())
      table->columns.push_back(cells[4]);
    table->values.push_back({cells[3], cells[4], number(cells[5]), cells[6], cells[7]});
  }
  return tables;
}

}  // namespace

const std::vector<PublishedTable>& published_surprise() {
  static const std::vector<PublishedTable> tables = read_tables();
  return tables;
}

}  // namespace physprobe
