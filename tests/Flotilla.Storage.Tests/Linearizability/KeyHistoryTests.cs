namespace Flotilla.Storage.Tests.Linearizability;

public sealed class KeyHistoryTests
{
    [Fact]
    public void Reads_and_writes_one_after_the_other_are_fine()
    {
        Assert.Empty(Problems(Done(1, 2, "a", 0, 10), Saw(3, 4, "a", 10), Done(5, 6, "b", 10, 11), Saw(7, 8, "b", 11)));
    }

    [Fact]
    public void What_overlaps_may_have_happened_in_either_order()
    {
        Assert.Empty(Problems(Done(1, 2, "a", 0, 10), Done(3, 9, "b", 10, 11), Saw(4, 5, "a", 10), Saw(6, 7, "b", 11)));
        Assert.Empty(Problems(Done(1, 2, "a", 0, 10), Done(3, 9, "b", 10, 11), Saw(4, 10, "a", 10), Saw(6, 7, "b", 11)));
    }

    [Fact]
    public void A_read_behind_what_was_seen_before_it_is_stale()
    {
        Assert.Contains("a read found version 10", Problems(Done(1, 2, "a", 0, 10), Done(3, 4, "b", 10, 11), Saw(5, 6, "a", 10)).Single(), StringComparison.Ordinal);
        Assert.Contains("a read found version 10", Problems(Done(1, 2, "a", 0, 10), Done(3, 20, "b", 10, 11), Saw(4, 5, "b", 11), Saw(6, 7, "a", 10)).Single(), StringComparison.Ordinal);
        Assert.Contains("a read found version 0", Problems(Done(1, 2, "a", 0, 10), Saw(3, 4, null, 0)).Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_writes_that_replaced_the_same_version_have_lost_one()
    {
        Assert.Contains("'c' expected version 10 and replaced version 11", Problems(Done(1, 2, "a", 0, 10), Done(3, 9, "b", 10, 11), Done(4, 8, "c", 10, 12)).Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_that_was_acknowledged_and_is_not_there_is_lost()
    {
        var problems = Problems(Done(1, 2, "a", 0, 10), Done(3, 4, "b", 10, 11), Saw(5, 6, "a", 10), Done(7, 8, "c", 10, 12));
        Assert.Contains(problems, problem => problem.Contains("a read found version 10", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("'c' expected version 10 and replaced version 11", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_an_unanswered_write_both_is_possible_but_not_both_in_turn()
    {
        Assert.Empty(Problems(Done(1, 2, "a", 0, 10), Lost(3, 4, "b", 10), Saw(5, 6, "a", 10), Done(7, 8, "c", 10, 12)));
        Assert.Empty(Problems(Done(1, 2, "a", 0, 10), Lost(3, 4, "b", 10), Saw(5, 6, "b", 11), Done(7, 8, "c", 11, 12)));
        Assert.Empty(Problems(Done(1, 2, "a", 0, 10), Lost(3, 4, "b", 10), Saw(5, 6, "a", 10), Saw(7, 8, "b", 11)));
        Assert.Single(Problems(Done(1, 2, "a", 0, 10), Lost(3, 4, "b", 10), Saw(5, 6, "b", 11), Saw(7, 8, "a", 10)));
    }

    [Fact]
    public void A_refusal_needs_somebody_who_was_first()
    {
        Assert.Empty(Problems(Done(1, 2, "a", 0, 10), Done(3, 9, "b", 10, 11), Refused(4, 5, "c", 10)));
        Assert.Empty(Problems(Done(1, 2, "a", 0, 10), Lost(3, 4, "b", 10), Refused(5, 6, "c", 10)));
        Assert.Contains("'c' expected version 10 and was refused", Problems(Done(1, 2, "a", 0, 10), Refused(3, 4, "c", 10), Done(5, 6, "b", 10, 11)).Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_refused_or_never_written_must_not_be_there()
    {
        Assert.Contains(Problems(Done(1, 2, "a", 0, 10), Done(3, 4, "b", 10, 11), Refused(3, 5, "c", 10), Saw(6, 7, "c", 12)), problem => problem.Contains("'c' was refused and is there", StringComparison.Ordinal));
        Assert.Contains(Problems(Done(1, 2, "a", 0, 10), Saw(3, 4, "x", 11)), problem => problem.Contains("'x', version 11, was written by nobody", StringComparison.Ordinal));
    }

    [Fact]
    public void A_version_is_one_value_and_a_value_one_version()
    {
        Assert.NotEmpty(Problems(Done(1, 2, "a", 0, 10), Done(3, 4, "b", 10, 11), Saw(5, 6, "a", 11)));
        Assert.NotEmpty(Problems(Done(1, 2, "a", 0, 10), Saw(3, 4, "a", 12)));
    }

    private static IReadOnlyList<string> Problems(params Operation[] operations) => new KeyHistory(operations).Problems();

    private static Write Done(long began, long ended, string value, long expected, long version) => new(began, ended, Outcome.Done, value, expected, version);

    private static Write Lost(long began, long ended, string value, long expected) => new(began, ended, Outcome.Unknown, value, expected, 0);

    private static Write Refused(long began, long ended, string value, long expected) => new(began, ended, Outcome.Refused, value, expected, 0);

    private static Read Saw(long began, long ended, string? value, long version) => new(began, ended, value, version);
}
