using k8s.Models;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Client.Tests.Events;

public sealed class EventAggregatorTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddDays(20_000));
    private readonly EventAggregator aggregator;

    public EventAggregatorTests() => aggregator = new EventAggregator(time);

    [Fact]
    public void A_repetition_keeps_the_name_and_grows_the_count()
    {
        var first = Admit("pulling");
        var second = Admit("pulling");

        Assert.Equal(1, first!.Count);
        Assert.Equal(2, second!.Count);
        Assert.Equal(first.Metadata.Name, second.Metadata.Name);
        Assert.Equal(first.FirstTimestamp, second.FirstTimestamp);
    }

    [Fact]
    public void Different_messages_are_different_events_until_there_are_ten()
    {
        for (var number = 1; number < 10; number++)
        {
            Assert.Equal(1, Admit($"message {number}")!.Count);
        }

        Assert.Equal("(combined from similar events): message 10", Admit("message 10")!.Message);
        Assert.Equal(2, Admit("message 11")!.Count);
    }

    [Fact]
    public void Spam_about_one_object_is_dropped_and_let_through_again_later()
    {
        for (var number = 0; number < 25; number++)
        {
            Assert.NotNull(Admit("again"));
        }

        Assert.Null(Admit("again"));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.NotNull(Admit("again"));
        Assert.Null(Admit("again"));
    }

    [Fact]
    public void Names_are_the_object_and_the_time_in_hexadecimal() =>
        Assert.Equal("web.3e8", EventAggregator.NewName("web", DateTimeOffset.UnixEpoch.AddTicks(10)));

    private Corev1Event? Admit(string message)
    {
        time.Advance(TimeSpan.FromTicks(1));
        return aggregator.Admit(new Corev1Event
        {
            Metadata = new V1ObjectMeta { Name = EventAggregator.NewName("web", time.GetUtcNow()), NamespaceProperty = "default" },
            InvolvedObject = new V1ObjectReference { Kind = "Pod", Name = "web", NamespaceProperty = "default", Uid = "1" },
            Source = new V1EventSource { Component = "test" },
            Type = "Normal",
            Reason = "Tested",
            Message = message,
            Count = 1,
            FirstTimestamp = time.GetUtcNow().UtcDateTime,
        });
    }
}
