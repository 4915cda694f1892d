//! Floor 2: tells the story of a call from the journal.
