#pragma once
// The layout "inflevel": InfLevel-lab (Weihs et al. 2022), filmed events whose evidence partly lies
// in a priming that models are not shown. Internal.
//   {continuity,gravity,solidity}/<camera>__<category>__<cover>__<object>__<type>[__LR|RL].mp4
//   *.csv with vid1_path, vid1_start_priming_1, vid1_end_priming_1, vid1_start_priming_2,
//   vid1_end_priming_2, vid1_label, and the same with vid2_: the lists of pairs

#include "physprobe/datasets/dataset_layout.h"

#include <string>

namespace physprobe {

/// True for a folder with a folder of one of the three principles and a list of pairs.
bool is_inflevel(const std::string& path);

/// Two items a row, <principle>/<row from 0>/1 and /2: a video is trimmed differently in different
/// pairs, so it is an item in each. label, pair (<principle>/<row>), group (camera, cover and
/// object: one set-up), property (principle), attributes first_frame (behind the second priming;
/// the longer remainder of a pair is trimmed further, `aligned_starts`), type, camera_location,
/// cover, object, direction. Reports labels that contradict the type in the file's name or each
/// other. `relabelled_subset` drops gravity and solidity rows whose first video ends in ci or cv:
/// that the container is closed is seen in the trimmed priming only. Counts: pairs of each
/// principle.
DatasetListing list_inflevel(const std::string& path, const DatasetOptions& options);

}  // namespace physprobe
