//! The rules that matter most, one by one, in every place totals are kept.

use std::sync::Arc;

use zentinelle_core::ledger::{Holder, LedgerError, Usage, Window};

use super::backends::{DAY, MINUTE, all, at, commit, counter, now, posting, tenant};
use crate::ledger::{LedgerStore, is_away};

const CLIENTS: usize = 64;
const LIMIT: u64 = 100;

/// Lets many clients charge one counter, and another in a second order, until nothing fits.
async fn race(ledger: LedgerStore) -> u64 {
    let ledger = Arc::new(ledger);
    let (tenant, now) = (tenant(), now());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (ledger, tenant) = (Arc::clone(&ledger), tenant.clone());
            tokio::spawn(async move {
                let mut admitted = 0;
                for _ in 0..4 {
                    let mut postings = vec![
                        posting(&counter(&tenant, "one"), DAY, 1, Some(LIMIT)),
                        posting(&counter(&tenant, "two"), Window::Sliding { seconds: 60 }, 1, None),
                    ];
                    if client % 2 == 0 {
                        postings.reverse();
                    }
                    let outcome = ledger.apply(&commit(postings, now, None)).await.expect("it answers");
                    admitted += u64::from(outcome.committed);
                }
                admitted
            })
        })
        .collect();
    let mut admitted = 0;
    for client in clients {
        admitted += client.await.expect("no panic");
    }
    for (meter, window) in [("one", DAY), ("two", Window::Sliding { seconds: 60 })] {
        assert_eq!(ledger.used(&counter(&tenant, meter), window, now).await, Ok(LIMIT), "{meter}");
    }
    admitted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_clients_are_admitted_exactly_as_often_as_the_limit_says() {
    for (name, ledger) in all().await {
        assert_eq!(race(ledger).await, LIMIT, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_servers_on_one_database_admit_exactly_the_limit() {
    let store = crate::store::testing::postgres().await;
    let (tenant, now) = (tenant(), now());
    let admitted: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let sql = crate::ledger::SqlLedger::new(store.clone(), std::time::Duration::from_secs(30), 60);
            let batch = commit(vec![posting(&counter(&tenant, "m"), DAY, 1, Some(20))], now, None);
            tokio::spawn(async move { (client, LedgerStore::Sql(sql).apply(&batch).await.expect("it answers")) })
        })
        .collect();
    let mut count = 0;
    for task in admitted {
        count += usize::from(task.await.expect("no panic").1.committed);
    }
    assert_eq!(count, 20);
}

#[tokio::test]
async fn a_reservation_is_opened_once_and_settled_once() {
    for (name, ledger) in all().await {
        let (tenant, now) = (tenant(), now());
        let batch = commit(vec![posting(&counter(&tenant, "m"), DAY, 10, Some(100))], now, Some("r"));
        assert!(ledger.apply(&batch).await.expect(name).committed);
        let again = ledger.apply(&batch).await.expect_err(name);
        assert_eq!(again, LedgerError::ReservationExists("r".into()), "{name}");
        assert!(!is_away(&again), "a tenant that overlooks an absent ledger does not overlook this");
        assert_eq!(ledger.used(&counter(&tenant, "m"), DAY, now).await, Ok(10), "{name}");

        let usage = Usage { tokens: Some(12), ..Usage::default() };
        let settled = ledger.settle(&tenant, &"r".into(), &usage, now).await.expect(name);
        assert!(settled.found && settled.overran, "{name}");
        assert!(!ledger.settle(&tenant, &"r".into(), &usage, now).await.expect(name).found, "{name}");
        assert!(!ledger.release(&tenant, &"r".into(), now).await.expect(name).found, "{name}");
        assert_eq!(ledger.used(&counter(&tenant, "m"), DAY, now).await, Ok(12), "{name}");
    }
}

#[tokio::test]
async fn one_of_two_racing_reservations_with_one_id_is_opened() {
    for (name, ledger) in all().await {
        let (tenant, now, ledger) = (tenant(), now(), Arc::new(ledger));
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let ledger = Arc::clone(&ledger);
                let batch = commit(vec![posting(&counter(&tenant, "m"), DAY, 1, None)], now, Some("r"));
                tokio::spawn(async move { ledger.apply(&batch).await.is_ok() })
            })
            .collect();
        let mut opened = 0;
        for task in tasks {
            opened += u32::from(task.await.expect("no panic"));
        }
        assert_eq!(opened, 1, "{name}");
        assert_eq!(ledger.used(&counter(&tenant, "m"), DAY, now).await, Ok(1), "{name}");
    }
}

#[tokio::test]
async fn amounts_stop_at_the_largest_number_and_never_wrap() {
    for (name, ledger) in all().await {
        let (tenant, now) = (tenant(), now());
        let m = counter(&tenant, "m");
        let spend = |amount, limit| commit(vec![posting(&m, DAY, amount, limit)], now, None);
        for (amount, used) in [((1 << 53) + 1, (1 << 53) + 1), (2, (1 << 53) + 3), (u64::MAX, u64::MAX), (7, u64::MAX)]
        {
            assert!(ledger.apply(&spend(amount, None)).await.expect(name).committed, "{name}");
            assert_eq!(ledger.used(&m, DAY, now).await, Ok(used), "{name}");
        }
        assert!(!ledger.apply(&spend(1, Some(u64::MAX - 1))).await.expect(name).committed, "{name}");
    }
}

#[tokio::test]
async fn giving_back_a_large_amount_leaves_the_rest_to_the_last_unit() {
    for (name, ledger) in all().await {
        let (tenant, now) = (tenant(), now());
        let m = counter(&tenant, "m");
        for (amount, id) in [(30_000_000_005, "kept"), (9_999_999_999, "low"), (1 << 62, "high")] {
            let batch = commit(vec![posting(&m, DAY, amount, None)], now, Some(id));
            assert!(ledger.apply(&batch).await.expect(name).committed, "{name}");
        }
        for (id, left) in [("low", (1 << 62) + 30_000_000_005), ("high", 30_000_000_005), ("kept", 0)] {
            assert!(ledger.release(&tenant, &id.into(), now).await.expect(name).found, "{name}");
            assert_eq!(ledger.used(&m, DAY, now).await, Ok(left), "{name}");
        }
    }
}

#[tokio::test]
async fn a_window_that_is_over_counts_for_nothing_and_takes_no_settlement() {
    for (name, ledger) in all().await {
        let tenant = tenant();
        let m = counter(&tenant, "m");
        let spend = |now| commit(vec![posting(&m, MINUTE, 5, Some(5))], now, Some("r"));
        let (begin, last, over) =
            (at("2028-05-01T10:00:30Z"), at("2028-05-01T10:01:29.999999Z"), at("2028-05-01T10:01:30Z"));
        assert!(ledger.apply(&spend(begin)).await.expect(name).committed);
        assert!(!ledger.apply(&spend(last)).await.expect(name).committed, "{name}");
        let other = commit(vec![posting(&m, MINUTE, 5, Some(5))], over, None);
        assert!(ledger.apply(&other).await.expect(name).committed, "{name}");
        let usage = Usage { tokens: Some(1), ..Usage::default() };
        assert!(ledger.settle(&tenant, &"r".into(), &usage, over).await.expect(name).found);
        assert_eq!(ledger.used(&m, MINUTE, over).await, Ok(5), "{name}");
    }
}

#[tokio::test]
async fn who_asks_first_may_be_charged_second_and_is_settled_all_the_same() {
    let sliding = Window::Sliding { seconds: 60 };
    for (name, ledger) in all().await {
        let tenant = tenant();
        let (m, n) = (counter(&tenant, "m"), counter(&tenant, "n"));
        // The first of a month, of a day, of a minute: begun by a call that asked a moment later.
        let (early, late) = (at("2028-05-31T23:59:59.999Z"), at("2028-06-01T00:00:00.001Z"));
        let windows = [MINUTE, DAY, Window::CalendarMonth, sliding];
        let all_of = |amount| windows.map(|window| posting(&m, window, amount, None)).to_vec();
        assert!(ledger.apply(&commit(all_of(5), late, None)).await.expect(name).committed, "{name}");
        let mut postings = all_of(7);
        postings.push(posting(&n, MINUTE, 7, None)); // this one is the first of its own
        assert!(ledger.apply(&commit(postings, early, Some("r"))).await.expect(name).committed, "{name}");
        let usage = Usage { tokens: Some(2), ..Usage::default() };
        assert!(ledger.settle(&tenant, &"r".into(), &usage, late).await.expect(name).found, "{name}");
        for window in windows {
            assert_eq!(ledger.used(&m, window, late).await, Ok(7), "{name} {window:?}");
        }
        assert_eq!(ledger.used(&n, MINUTE, late).await, Ok(2), "{name}");
        // Yet what is over when the next window begins stays over.
        let (before, after) = (at("2028-07-01T09:00:00Z"), at("2028-07-01T09:01:00Z"));
        ledger.apply(&commit(vec![posting(&n, MINUTE, 4, None)], before, Some("s"))).await.expect(name);
        ledger.apply(&commit(vec![posting(&n, MINUTE, 3, None)], after, None)).await.expect(name);
        assert!(ledger.release(&tenant, &"s".into(), after).await.expect(name).found, "{name}");
        assert_eq!(ledger.used(&n, MINUTE, after).await, Ok(3), "{name}");
    }
}

#[tokio::test]
async fn a_month_ends_at_midnight_utc_and_says_so() {
    for (name, ledger) in all().await {
        let m = counter(&tenant(), "m");
        let spend = |now| commit(vec![posting(&m, Window::CalendarMonth, 1, Some(1))], at(now), None);
        assert!(ledger.apply(&spend("2028-02-29T23:59:59.999999Z")).await.expect(name).committed, "{name}");
        let refused = ledger.apply(&spend("2028-02-29T23:59:59.999999Z")).await.expect(name);
        assert!(!refused.committed, "{name}");
        assert_eq!(refused.readings[0].resets_at, at("2028-03-01T00:00:00Z"), "{name}");
        assert!(ledger.apply(&spend("2028-03-01T00:00:00Z")).await.expect(name).committed, "{name}");
    }
}

#[tokio::test]
async fn whatever_the_names_no_two_counters_and_no_two_tenants_share_a_total() {
    let long = "x".repeat(5_000);
    let names = ["", "a", "a:b", "%3A", "\0", "}{", "ü\u{2028}\u{1F600}", "' OR 1=1 --", "*?[a]", &long];
    for (name, ledger) in all().await {
        let (now, run) = (now(), tenant());
        let mut counters = Vec::new();
        for (holder, subject) in names.iter().flat_map(|a| names.iter().map(move |b| (*a, *b))) {
            let mut counter = counter(&run, "m");
            counter.holder = Holder::User(holder.into());
            counter.subject = Some(subject.to_owned().into());
            counters.push(counter);
        }
        for tail in ["", ":", "}", "%", ":m:tenant"] {
            counters.push(counter(&format!("{run}{tail}").into(), "m"));
        }
        for (amount, counter) in (1..).zip(&counters) {
            let batch = commit(vec![posting(counter, DAY, amount, Some(amount))], now, Some("same id"));
            let mut batch = batch;
            batch.reservation = None;
            assert!(ledger.apply(&batch).await.expect(name).committed, "{name} {counter:?}");
        }
        for (amount, counter) in (1..).zip(&counters) {
            assert_eq!(ledger.used(counter, DAY, now).await, Ok(amount), "{name} {counter:?}");
        }
    }
}

#[tokio::test]
async fn tenants_may_use_one_reservation_id_and_neither_settles_the_others() {
    for (name, ledger) in all().await {
        let (ours, theirs, now) = (tenant(), tenant(), now());
        for id in ["r", "\0", "a%", "ü"] {
            for tenant in [&ours, &theirs] {
                let batch = commit(vec![posting(&counter(tenant, "m"), DAY, 5, None)], now, Some(id));
                assert!(ledger.apply(&batch).await.expect(name).committed, "{name} {id:?}");
            }
            assert!(ledger.release(&theirs, &id.into(), now).await.expect(name).found, "{name} {id:?}");
            assert!(!ledger.release(&tenant(), &id.into(), now).await.expect(name).found, "{name} {id:?}");
        }
        assert_eq!(ledger.used(&counter(&ours, "m"), DAY, now).await, Ok(20), "{name}");
        assert_eq!(ledger.used(&counter(&theirs, "m"), DAY, now).await, Ok(0), "{name}");
    }
}
