using System.Text;
using Flotilla.Storage.Etcd;

namespace Flotilla.Storage.Tests.Etcd;

/// <summary>What the second attempt's answer means, when the first may have taken effect.</summary>
public sealed class EtcdWritesTests
{
    private static readonly Revision Expected = new(7);
    private static readonly WriteRequest Update = new("/k", Bytes("mine"), Precondition.MustBeAt(Expected));

    [Fact]
    public void What_was_to_be_written_and_is_there_was_written()
    {
        var result = EtcdWrites.ReadRepeated(Update, Conflict("mine", 8))!.Value;
        Assert.Equal((WriteOutcome.Written, new Revision(8)), (result.Outcome, result.Revision));
    }

    [Fact]
    public void What_somebody_else_has_written_may_have_replaced_it_so_that_nobody_says_it_was_refused()
    {
        Assert.Null(EtcdWrites.ReadRepeated(Update, Conflict("theirs", 9)));
        Assert.Null(EtcdWrites.ReadRepeated(new WriteRequest("/k", Bytes("mine"), Precondition.MustNotExist), Conflict("theirs", 9)));
        Assert.Null(EtcdWrites.ReadRepeated(WriteRequest.Delete("/k", Precondition.MustBeAt(Expected)), Conflict("theirs", 9)));
    }

    [Fact]
    public void What_is_gone_may_have_been_there()
    {
        var gone = new WriteResult(WriteOutcome.NotFound, new Revision(9), null);
        Assert.Null(EtcdWrites.ReadRepeated(Update, gone));
        Assert.Null(EtcdWrites.ReadRepeated(WriteRequest.Delete("/k", Precondition.MustBeAt(Expected)), gone));
    }

    [Fact]
    public void What_the_second_attempt_wrote_the_first_had_not()
    {
        var written = new WriteResult(WriteOutcome.Written, new Revision(8), null);
        Assert.Equal(written, EtcdWrites.ReadRepeated(Update, written));
    }

    private static WriteResult Conflict(string value, long at) => new(WriteOutcome.Conflict, new Revision(at), new StoredEntry("/k", Bytes(value), new Revision(3), new Revision(at)));

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
