//! The last look at all that is drawn: nothing that acts on a terminal is among it.

use ratatui::buffer::Buffer;

use crate::printable::acts_on_terminals;

/// Takes out of all cells what acts on terminals. Whoever drew it should have spelt it out; it is not relied on.
pub(super) fn guard(buf: &mut Buffer) {
    for cell in &mut buf.content {
        let symbol = cell.symbol();
        let is_plain = symbol.len() == 1 && !symbol.as_bytes()[0].is_ascii_control();
        if !is_plain && symbol.contains(acts_on_terminals) {
            cell.set_symbol("?");
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn what_acts_on_terminals_is_never_drawn() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 5, 1));
        let symbols = ["\u{1b}", "a\u{202e}", "\u{9b}", "\u{e9}", "\n"];
        for (cell, symbol) in buf.content.iter_mut().zip(symbols) {
            cell.set_symbol(symbol);
        }
        guard(&mut buf);
        let shown: String = buf.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(shown, "???\u{e9}?");
    }
}
