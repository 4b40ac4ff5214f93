// SPDX-License-Identifier: Apache-2.0

// Package signal is the bridge to Signal: one account of a signal-cli daemon (https://github.com/AsamK/signal-cli), which
// runs beside Causeway and speaks JSON-RPC.
//
// The daemon tells Signal that it has a message before anybody else has it, and tells each message once. So the bridge has
// one reader, which does nothing but write what comes to a journal of its own, synced, before it looks at it; what the
// router has committed is erased from there.
package signal
