// SPDX-License-Identifier: Apache-2.0

// Package sim is the control API that every network's simulator shares: the types of its requests and
// replies, a [Client], and a server half ([World], [Handler]) that a simulator fills in. It speaks JSON
// over HTTP on a loopback address, apart from the address on which the simulator speaks its network.
//
// Whoever drives a simulator plays the people of that network: they create users and groups, post as
// them, look at what they see, pull plugs, and ask afterwards what was posted, what arrived, what the
// network itself lost and which faults really struck. Nothing here is part of any network's protocol.
//
// Besides, it holds what every simulator needs for that: a [Register] of the faults that are set, [Records] of what happened, a
// [History] of each chat, a [Clock], and a [Program] that runs it.
//
// A chat is named as the network's bridge names it, so that an id from here can stand in a config.
package sim
