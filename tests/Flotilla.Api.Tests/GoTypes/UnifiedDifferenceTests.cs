using Flotilla.Api.GoTypes;

namespace Flotilla.Api.Tests.GoTypes;

public sealed class UnifiedDifferenceTests
{
    [Fact]
    public void Nothing_differs_in_equal_texts() => Assert.Equal("", Between("a b c", "a b c"));

    [Fact]
    public void A_change_stands_between_three_lines_of_context() => Assert.Equal(
        "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+x\n f\n g\n h\n", Between("a b c d e f g h i", "a b c d x f g h i"));

    [Fact]
    public void Distant_changes_stand_apart() => Assert.Equal(
        "@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -6,4 +6,5 @@\n 6\n 7\n 8\n-9\n+y\n+z\n",
        Between("1 2 3 4 5 6 7 8 9", "x 2 3 4 5 6 7 8 y z"));

    [Fact]
    public void Near_changes_share_a_hunk() => Assert.Equal(
        "@@ -1,8 +1,7 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n", Between("1 2 3 4 5 6 7 8", "x 2 3 4 5 6 7"));

    [Fact]
    public void A_single_line_has_no_count() => Assert.Equal("@@ -1 +1 @@\n-a\n+b\n", Between("a", "b"));

    /// <summary>The longest common run wins over a common beginning.</summary>
    [Fact]
    public void The_longest_run_is_kept_whole() => Assert.Equal("@@ -1,2 +1,4 @@\n+a\n+c\n a\n b\n", Between("a b", "a c a b"));

    private static string Between(string before, string after) => UnifiedDifference.Text(before.Split(' '), after.Split(' '));
}
