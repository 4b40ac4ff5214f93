// SPDX-License-Identifier: Apache-2.0

// Package mirror holds tests alone: one room on several networks, with the real router, the real bridges and their simulators
// as processes. People post each kind of message on one network, and what people of another see is compared: the bytes of
// files, the words and their formatting, what answers what, and what becomes of changes.
package mirror
