//! A small program with old dependencies, for `cargo xtask demo`.

use bitflags::bitflags;
use smallvec::SmallVec;

bitflags! {
    struct Terms: u8 {
        const GIFT = 1;
        const EXPRESS = 2;
    }
}

#[repr(C)]
struct Order {
    number: u32,
    terms: u8,
}

fn main() {
    let words: SmallVec<[String; 4]> = shlex::split("apples 'ripe pears' plums")
        .into_iter()
        .flatten()
        .collect();
    let order = Order {
        number: 7,
        terms: (Terms::GIFT | Terms::EXPRESS).bits(),
    };
    println!(
        "order {}: {} items, terms {:02b} at byte {}",
        order.number,
        words.len(),
        order.terms,
        memoffset::offset_of!(Order, terms),
    );
}
