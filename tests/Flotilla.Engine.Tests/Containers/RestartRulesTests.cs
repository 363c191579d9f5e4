using System.Text.Json.Nodes;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Tests.Containers;

public sealed class RestartRulesTests
{
    [Theory]
    [InlineData("no", 1, 0, false)]
    [InlineData("", 1, 0, false)]
    [InlineData("always", 0, 9, true)]
    [InlineData("unless-stopped", 0, 9, true)]
    [InlineData("on-failure", 0, 0, false)]
    [InlineData("on-failure", 1, 2, true)]
    [InlineData("on-failure", 1, 3, false)]
    public void The_policy_decides_after_an_end(string policy, int exitCode, int restarts, bool again) =>
        Assert.Equal(again, RestartRules.After(Record(policy, new StateRecord { RestartCount = restarts }), exitCode));

    [Theory]
    [InlineData("always")]
    [InlineData("unless-stopped")]
    [InlineData("on-failure")]
    public void Whom_a_user_has_stopped_stays_stopped(string policy) => Assert.False(RestartRules.After(Record(policy, new StateRecord { IsStoppedByHand = true }), 1));

    [Fact]
    public void Without_a_number_failures_are_followed_by_a_start_for_ever() =>
        Assert.True(RestartRules.After(Record("on-failure", new StateRecord { RestartCount = 1000 }, most: 0), 1));

    [Theory]
    [InlineData("no", false, 1, false)]
    [InlineData("always", false, 0, true)]
    [InlineData("always", true, 0, true)]
    [InlineData("unless-stopped", false, 0, true)]
    [InlineData("unless-stopped", true, 0, false)]
    [InlineData("on-failure", false, 0, false)]
    [InlineData("on-failure", false, 137, true)]
    [InlineData("on-failure", true, 137, false)]
    public void And_when_the_engine_starts(string policy, bool isStopped, int exitCode, bool again) =>
        Assert.Equal(again, RestartRules.AtStart(Record(policy, new StateRecord { Status = StateRecord.Exited, IsStoppedByHand = isStopped, ExitCode = exitCode })));

    [Fact]
    public void What_was_never_started_is_not_started_by_the_engine() => Assert.False(RestartRules.AtStart(Record("always", new StateRecord())));

    [Fact]
    public void Waits_double_up_to_a_minute_and_begin_anew_after_a_long_run()
    {
        var delay = TimeSpan.Zero;
        List<double> seconds = [];
        for (var start = 0; start < 12; start++)
        {
            delay = RestartRules.Delay(delay, TimeSpan.FromSeconds(1));
            seconds.Add(delay.TotalSeconds);
        }

        Assert.Equal([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60], seconds);
        Assert.Equal(TimeSpan.FromSeconds(0.1), RestartRules.Delay(delay, TimeSpan.FromSeconds(10)));
    }

    private static ContainerRecord Record(string policy, StateRecord state, int most = 3) => new()
    {
        Id = "1", Name = "one", Created = DateTime.UnixEpoch, Image = "i", ImageId = "i", Config = [],
        HostConfig = new JsonObject { ["RestartPolicy"] = new JsonObject { ["Name"] = policy, ["MaximumRetryCount"] = most } }, State = state,
    };
}
