//! Every page over HTTP, over services that answer over gRPC what a test tells them to; and the pages as a browser shows them.
//! Invariant: the wire on both sides is real; what the services are told is here, so that a page can be seen in every state of theirs.

mod browser;
mod person;
mod site;
mod system;
mod viewers;
