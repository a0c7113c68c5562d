//! `/api/zentinelle/v1`: what operators call.
