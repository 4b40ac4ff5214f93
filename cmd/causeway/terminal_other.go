// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

// hideTyping does nothing here: what is typed is shown.
func hideTyping(any) (show func()) { return func() {} }

// terminalWidth is not known here.
func terminalWidth(any) int { return 0 }
