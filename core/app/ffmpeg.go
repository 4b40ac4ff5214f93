// SPDX-License-Identifier: Apache-2.0

package app

import "github.com/causeway-chat/causeway/core/media"

// FFmpeg is the program that converts films and sounds; empty when it is not installed, and then they go as files.
func FFmpeg() string { return media.FFmpegPath() }
