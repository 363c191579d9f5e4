using System.Net;
using Flotilla.Engine.Networks;

namespace Flotilla.Engine.Tests.Networks;

public sealed class NameQueryTests
{
    private static readonly byte[] Question = [0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, (byte)'w', (byte)'e', (byte)'b', 2, (byte)'n', (byte)'1', 0, 0, 1, 0, 1];

    [Fact]
    public void Reads_the_name_and_answers_with_all_addresses()
    {
        var query = NameQuery.Parse(Question)!;
        Assert.Equal(("web.n1", 1), (query.Name, query.Type));
        var answer = query.Answer(Question, [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("10.0.0.3")]);
        Assert.Equal(Question.Length + 32, answer.Length);
        Assert.Equal([0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2], answer[..8]);
        Assert.Equal([0, 4, 10, 0, 0, 2], answer[(Question.Length + 10)..(Question.Length + 16)]);
        Assert.Equal([10, 0, 0, 3], answer[^4..]);
    }

    [Fact]
    public void Of_another_kind_the_name_has_nothing()
    {
        byte[] question = [.. Question[..20], 0, 28, 0, 1];
        var answer = NameQuery.Parse(question)!.Answer(question, [IPAddress.Parse("10.0.0.2")]);
        Assert.Equal((question.Length, 0), (answer.Length, answer[7]));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(14)]
    [InlineData(20)]
    public void What_is_cut_off_is_no_question(int length) => Assert.Null(NameQuery.Parse(Question.AsSpan(0, length)));

    [Fact]
    public void An_answer_is_no_question()
    {
        byte[] answer = [.. Question];
        answer[2] |= 0x80;
        Assert.Null(NameQuery.Parse(answer));
    }
}
