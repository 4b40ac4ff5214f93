// SPDX-License-Identifier: GPL-3.0-or-later

// Package content says what a WhatsApp message means, and how a post is written as one. It is pure: Decode reads a decrypted
// message into the words of core/chat, Encode writes a rendered post as messages. Neither speaks to anybody, and neither
// trusts what it is given: every field of a message may be missing, and its texts are what strangers typed.
//
// Texts are formatted by marks that stand in them: *bold*, _italic_, ~strike~, `code`, ```pre```, and lines that begin with
// "> ". There is no way to write a mark that means itself. Where one would be taken for formatting, a hair space (U+200A)
// stands beside it, because no mark opens before or closes behind white space; a backquote becomes a modifier letter
// (U+02CB). A mark that has to stand in the middle of a word gets a hair space outside of it. Decode takes these hair
// spaces out again. What cannot be written even so (overlapping marks, code with a backquote) goes out plain: the words are
// never changed for the sake of their looks.
package content
