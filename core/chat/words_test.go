// SPDX-License-Identifier: Apache-2.0

package chat

import "testing"

func TestWordsAreCutBehindWholeCodePoints(t *testing.T) {
	for in, want := range map[string]string{"": "", "abc": "abc", "abcd": "abc…", "é𝔸م": "é𝔸م", "é𝔸م😀x": "é𝔸م…"} {
		if got := Shorten(in, 3); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestFileNamesShowWhatTheyAre(t *testing.T) {
	for in, want := range map[string]string{
		"a.pdf": "a.pdf", "مرحبا.pdf": "مرحبا.pdf", "../../etc/passwd": "passwd", `C:\x\a.txt`: "a.txt", "": "", " . ": "", "/": "", "..": "",
		"invoice\u202efdp.exe": "invoicefdp.exe", "two\nlines\x00.txt": "twolines.txt", "broken\xff.txt": "broken.txt",
	} {
		if got := PlainName(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
