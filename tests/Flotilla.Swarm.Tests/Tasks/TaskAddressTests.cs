using Flotilla.Swarm.Tasks;

namespace Flotilla.Swarm.Tests.Tasks;

public sealed class TaskAddressTests
{
    private static readonly TaskAddress Old = new("aaaaaaaaaaaaaaaaaaaaaaaaa", "web.1.aaaaaaaaaaaaaaaaaaaaaaaaa", "db00000000000000", "one", IsAlive: false, new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc));
    private static readonly TaskAddress Running = new("aaaaaaaaaaaabbbbbbbbbbbbb", "web.1.aaaaaaaaaaaabbbbbbbbbbbbb", "db00000000001111", "two", IsAlive: true, new DateTime(2024, 1, 2, 0, 0, 0, DateTimeKind.Utc));
    private static readonly TaskAddress Later = new("ccccccccccccccccccccccccc", "web.1.ccccccccccccccccccccccccc", "ef00000000002222", "two", IsAlive: false, new DateTime(2024, 1, 3, 0, 0, 0, DateTimeKind.Utc));

    [Theory]
    [InlineData("db00000000000000", "one")]
    [InlineData("db00000000001", "two")]
    [InlineData("/web.1.aaaaaaaaaaaaaaaaaaaaaaaaa", "one")]
    [InlineData("aaaaaaaaaaaabbbbbbbbbbbbb", null)]
    [InlineData("web.1", "two")]
    [InlineData("db0000000000", null)]
    [InlineData("db", null)]
    [InlineData("web", null)]
    public void A_container_has_its_id_and_names_and_beginnings_that_only_it_has(string word, string? node) => Assert.Equal(node, TaskAddress.Find([Old, Running, Later], word)?.Node);

    [Fact]
    public void Of_tasks_that_are_over_the_last_one_is_meant() => Assert.Equal(Later, TaskAddress.Find([Old, Later], "web.1"));
}
