"""datarelease site: every version as a catalogue of static pages, which need no server."""
