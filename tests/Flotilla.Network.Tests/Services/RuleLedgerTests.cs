using Flotilla.Network.Services;

namespace Flotilla.Network.Tests.Services;

public sealed class RuleLedgerTests
{
    private readonly RuleLedger ledger = new();

    [Fact]
    public void What_did_not_change_needs_no_script_and_a_change_touches_only_what_changed()
    {
        ledger.Set("web", null, Web("10.244.0.5"));
        ledger.Set("db", null, Rules(("endpoints", "10.96.0.8 . tcp . 80 . 0", "10.244.0.9 . 80")));
        ledger.Applied();

        ledger.Set("web", null, Web("10.244.0.5"));
        Assert.True(ledger.Change().IsEmpty);

        ledger.Set("web", null, Web("10.244.0.6"));
        Assert.Equal(
            """
            delete element ip t endpoints { 10.96.0.7 . tcp . 80 . 0 : 10.244.0.5 . 80 }
            add element ip t endpoints { 10.96.0.7 . tcp . 80 . 0 : 10.244.0.6 . 80 }
            delete element ip t hairpin { 10.244.0.5 . 10.244.0.5 }
            add element ip t hairpin { 10.244.0.6 . 10.244.0.6 }

            """,
            RuleScript.For("ip t", ledger.Change()));
    }

    [Fact]
    public void What_several_owners_share_stays_until_the_last_is_gone()
    {
        var shared = Rules(("hairpin", "a . a", null));
        shared.Chains["pick-1"] = ["rule"];
        ledger.Set("one", null, shared);
        ledger.Set("two", null, shared);
        ledger.Applied();

        ledger.Set("one", null, null);
        Assert.True(ledger.Change().IsEmpty);
        ledger.Set("two", null, null);
        Assert.Equal("delete element ip t hairpin { a . a }\nflush chain ip t pick-1\ndelete chain ip t pick-1\n", RuleScript.For("ip t", ledger.Change()));
    }

    [Fact]
    public void The_older_of_two_owners_has_what_both_want_and_the_younger_inherits_it()
    {
        var day = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        ledger.Set("younger", day.AddDays(1), Rules(("node-ports", "tcp . 30080", "goto young")));
        ledger.Applied();
        ledger.Set("older", day, Rules(("node-ports", "tcp . 30080", "goto old")));
        Assert.Equal("goto old", Assert.Single(ledger.Change().Elements).New.Value);
        ledger.Applied();
        ledger.Set("older", day, null);
        Assert.Equal("goto young", Assert.Single(ledger.Change().Elements).New.Value);
    }

    [Fact]
    public void A_change_that_was_not_applied_is_part_of_the_next()
    {
        ledger.Set("web", null, Web("10.244.0.5"));
        ledger.Applied();
        ledger.Set("web", null, Web("10.244.0.6"));
        ledger.Set("web", null, Web("10.244.0.7"));
        Assert.Contains(ledger.Change().Elements, one => one.Old.Value == "10.244.0.5 . 80" && one.New.Value == "10.244.0.7 . 80");
        ledger.Set("web", null, Web("10.244.0.5"));
        Assert.True(ledger.Change().IsEmpty);
    }

    private static RuleSet Web(string address) => Rules(("endpoints", "10.96.0.7 . tcp . 80 . 0", $"{address} . 80"), ("hairpin", $"{address} . {address}", null));

    private static RuleSet Rules(params (string Collection, string Element, string? Value)[] elements)
    {
        var rules = new RuleSet();
        foreach (var (collection, element, value) in elements)
        {
            rules.Add(collection, element, value);
        }

        return rules;
    }
}
