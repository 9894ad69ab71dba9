#!/bin/sh
# Makes the small clips of this folder with the ffmpeg program (5.1 or later). Run it in the folder; the files are committed
# so that the tests do not need the program. Their content is ffmpeg's own test pattern.
set -eu
run() { ffmpeg -v error -y -bitexact "$@"; }
source="testsrc2=size=64x48:rate=25"
x264="-c:v libx264 -preset slow -crf 30 -pix_fmt yuv420p -threads 1 -flags +bitexact -bsf:v filter_units=remove_types=6"

# Time stamps
run -f lavfi -i "$source:duration=0.8" -vf "setpts='(N+N*N/16)/(25*TB)'" -vsync passthrough $x264 -bf 2 vfr.mkv
run -f lavfi -i "$source:duration=0.8" $x264 -bf 2 -output_ts_offset 1.5 start_offset.mkv
run -f lavfi -i "$source:duration=1.2" $x264 -g 10 -bf 2 long.mp4
run -ss 0.54 -i long.mp4 -c copy edit_list.mp4
run -f lavfi -i "$source:duration=0.8" $x264 -bf 2 -f h264 no_times.h264
run -f lavfi -i "$source:duration=0.8" -c:v mpeg4 -q:v 8 -g 8 -bf 2 -threads 1 b_frames.avi
run -f lavfi -i "$source:duration=0.8" $x264 -g 8 -bf 2 -mpegts_flags +initial_discontinuity transport.ts
run -f lavfi -i "$source:duration=0.8" $x264 -g 8 -bf 2 -movflags +frag_keyframe+empty_moov fragmented.mp4

# Groups of pictures
run -f lavfi -i "$source:duration=1.2" $x264 -bf 3 -x264-params keyint=8:min-keyint=8:scenecut=0:open-gop=1:bframes=3 open_gop.mp4
run -f lavfi -i "$source:duration=1.2" $x264 -x264-params keyint=10:intra-refresh=1 intra_refresh.mp4
run -f lavfi -i "$source:duration=1.2" $x264 -g 1000 -bf 2 one_keyframe.mp4
run -f lavfi -i "$source:duration=0.04" $x264 one_frame.mp4
run -f lavfi -i "$source:duration=0.8" $x264 -flags +bitexact+ilme+ildct -x264-params interlaced=1 interlaced.mp4

# Codecs and pixel formats
run -f lavfi -i "$source:duration=0.8" -c:v libx265 -preset slow -crf 30 -pix_fmt yuv420p -x265-params "keyint=8:pools=none:frame-threads=1:info=0:log-level=none" hevc.mp4
run -f lavfi -i "$source:duration=0.8" -c:v libaom-av1 -crf 45 -cpu-used 6 -g 8 -pix_fmt yuv420p -threads 1 av1.mkv
# Two passes: only then do the VPx encoders insert alternate reference frames, which are never shown.
for codec in libvpx:vp8_hidden.webm libvpx-vp9:vp9.webm; do
  for pass in 1 2; do
    if [ $pass = 1 ]; then target="-f null -"; else target=${codec#*:}; fi
    run -f lavfi -i "mandelbrot=size=64x48:rate=25" -t 1.6 -c:v ${codec%:*} -b:v 60k -auto-alt-ref 1 -lag-in-frames 16 \
      -g 60 -threads 1 -deadline good -cpu-used 1 -pass $pass $target
  done
done
rm -f ffmpeg2pass-0.log
run -f lavfi -i "$source:duration=0.8" $x264 -pix_fmt yuv420p10le -profile:v high10 ten_bit.mp4
odd="-f lavfi -i testsrc2=size=52x38:rate=25:duration=0.4 -vf format=rgb24,crop=51:37:0:0:exact=1"
run $odd $x264 -pix_fmt yuv444p odd_444.mp4
run $odd -pix_fmt yuv420p -c:v libvpx -crf 20 -b:v 200k -auto-alt-ref 0 -threads 1 odd_420.webm
run -f lavfi -i "testsrc2=size=130x50:rate=25:duration=0.2" $x264 wide_130.mp4
run -f lavfi -i "$source:duration=0.4" -vf scale=out_range=full,format=yuvj420p $x264 -pix_fmt yuvj420p -color_range pc full_range.mp4
run -f lavfi -i "$source:duration=0.4" -vf scale=out_color_matrix=bt709 $x264 -colorspace bt709 -color_primaries bt709 -color_trc bt709 bt709.mp4

# Streams
run -f lavfi -i "$source:duration=0.2" $x264 plain.mp4
# Named after the clockwise turn that shows them upright; the tag counts the other way round.
for turn in 90 180 270; do run -i plain.mp4 -c copy -metadata:s:v rotate=$((360 - turn)) rotated_$turn.mp4; done
run -f lavfi -i "sine=duration=0.3" -c:a aac -b:a 24k -flags +bitexact audio_only.m4a
run -f lavfi -i "color=red:size=32x32:duration=0.04" -frames:v 1 -c:v mjpeg -q:v 10 -pix_fmt yuvj420p cover.jpg
run -i cover.jpg -i plain.mp4 -map 0 -map 1 -c copy -disposition:v:0 attached_pic cover_art.mp4
run -f lavfi -i "$source:duration=0.4" -f lavfi -i "testsrc2=size=96x64:rate=10:duration=0.4" -f lavfi -i "sine=duration=0.4" \
  -map 0 -map 1 -map 2 $x264 -c:a aac -b:a 24k two_streams.mkv
run -f lavfi -i "$source:duration=0.2" $x264 small.ts
run -f lavfi -i "testsrc2=size=96x64:rate=25:duration=0.2" $x264 -output_ts_offset 0.2 large.ts
cat small.ts large.ts > size_change.ts
rm -f cover.jpg small.ts large.ts
