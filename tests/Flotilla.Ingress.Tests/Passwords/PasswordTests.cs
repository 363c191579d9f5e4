using Flotilla.Ingress.Passwords;

namespace Flotilla.Ingress.Tests.Passwords;

public sealed class PasswordTests
{
    // Made by openssl passwd -apr1 and -1, by crypt and by openssl dgst -sha1.
    [Theory]
    [InlineData("$apr1$8sFt66rZ$wwvWAhoNG7CYAXTXKJNxq0")]
    [InlineData("$1$abcdefgh$Rur9vjR3qTr2ktYAC0ctB.")]
    [InlineData("$2y$05$abcdefghijklmnopqrstuuFzejfplTChgPyZNQOF2kNcZhBC.ObAS")]
    [InlineData("{SHA}O1hAcUlX7zkBbV+/3rmbDfUlbNM=")]
    [InlineData("{PLAIN}secret pass")]
    public void Hashes_of_other_programs_are_understood(string hash)
    {
        Assert.True(PasswordHash.IsKnown(hash));
        Assert.True(PasswordHash.Matches("secret pass", hash));
        Assert.False(PasswordHash.Matches("secret", hash));
        Assert.False(PasswordHash.Matches("", hash));
    }

    [Theory]
    [InlineData("$6$salt$hash")]
    [InlineData("rqXexS6ZhobKA")]
    [InlineData("")]
    public void Others_let_nobody_in(string hash)
    {
        Assert.False(PasswordHash.IsKnown(hash));
        Assert.False(PasswordHash.Matches("secret pass", hash));
        Assert.Equal(["u"], PasswordFile.OfLines($"u:{hash}").Refused);
    }

    [Fact]
    public void A_file_is_read_line_by_line()
    {
        var file = PasswordFile.OfLines("# users\nann:{PLAIN}a\n\nbob:{PLAIN}b\nbroken\n");
        Assert.True(file.Allow("ann", "a"));
        Assert.True(file.Allow("ann", "a"));
        Assert.True(file.Allow("bob", "b"));
        Assert.False(file.Allow("ann", "b"));
        Assert.False(file.Allow("eve", "a"));
    }
}
