// SPDX-License-Identifier: Apache-2.0

package media

// The codes of what keeps an attachment from going as what it was sent as. The first five are of files; such a file goes
// as a plain file, or is named in a line. The others are of conversions; the original then goes as a plain file, where the
// chat takes it.
const (
	CodeEmpty     = "media_empty"      // there are no bytes
	CodeDamaged   = "media_damaged"    // the end is missing, or the beginning makes no sense
	CodeWrongType = "media_wrong_type" // the bytes are of another type than was told
	CodeBomb      = "media_bomb"       // it unpacks to far more than it may
	CodeShort     = "media_short"      // fewer bytes came than were told, twice the same ones

	CodeNoConverter = "media_no_converter" // ffmpeg is not installed
	CodeTooManyDots = "media_too_many_pixels"
	CodeTooSlow     = "media_too_slow"     // the conversion took too long
	CodeUnreadable  = "media_unreadable"   // it cannot be decoded
	CodeDoesNotFit  = "media_does_not_fit" // however it is converted, it stays over the chat's limits
)
