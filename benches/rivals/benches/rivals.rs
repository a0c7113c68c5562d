//! The shared scenario in every engine: questions made beforehand, and made from texts inside.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use zentinelle_rivals::{Casbin, Cedar, Contestant, Regorus, RegorusData, RegorusVm, Zentinelle, check, questions};

fn contest<C: Contestant + Default>(c: &mut Criterion) {
    let mut contestant = C::default();
    check(&mut contestant);
    let texts = questions();
    let ready: Vec<_> = texts.iter().map(|(agent, tool, _)| contestant.question(agent, tool)).collect();

    let mut group = c.benchmark_group("rivals");
    group.throughput(Throughput::Elements(texts.len() as u64));
    group.bench_function(format!("{}/question ready", C::NAME), |b| {
        b.iter(|| ready.iter().filter(|question| contestant.ask(black_box(question))).count());
    });
    group.bench_function(format!("{}/question made inside", C::NAME), |b| {
        b.iter(|| {
            let ask = |(agent, tool, _): &&(String, &'static str, bool)| {
                let question = contestant.question(black_box(agent), black_box(tool));
                contestant.ask(&question)
            };
            texts.iter().filter(ask).count()
        });
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    contest::<Zentinelle>(c);
    contest::<Cedar>(c);
    contest::<Regorus>(c);
    contest::<RegorusData>(c);
    contest::<RegorusVm>(c);
    contest::<Casbin>(c);
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2)).sample_size(30);
    targets = all
}
criterion_main!(benches);
